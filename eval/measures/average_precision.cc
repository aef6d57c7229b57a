#include "eval/measures/average_precision.h"

#include <vector>

#include "base/status_macros.h"
#include "eval/measures/threshold.h"

namespace senvec {

absl::StatusOr<double> RocAuc(absl::Span<const double> scores, absl::Span<const uint8_t> labels) {
  SENVEC_ASSIGN_OR_RETURN(const std::vector<CutPoint> cuts, AllCutPoints(scores, labels));
  const Confusion& all = cuts.back().confusion;
  if (all.true_positives == 0 || all.false_positives == 0) {
    return absl::FailedPreconditionError(
        "the area under the ROC curve needs positives and negatives; one class is missing");
  }
  // Twice the area in whole numbers: trapezia between cuts.
  __int128 twice = 0;
  for (size_t i = 1; i < cuts.size(); ++i) {
    const Confusion &a = cuts[i - 1].confusion, &b = cuts[i].confusion;
    twice += static_cast<__int128>(b.false_positives - a.false_positives) *
             (a.true_positives + b.true_positives);
  }
  return static_cast<double>(twice) / 2.0 / static_cast<double>(all.true_positives) /
         static_cast<double>(all.false_positives);
}

absl::StatusOr<double> AveragePrecision(absl::Span<const double> scores,
                                        absl::Span<const uint8_t> labels) {
  SENVEC_ASSIGN_OR_RETURN(const std::vector<CutPoint> cuts, AllCutPoints(scores, labels));
  const int64_t positives = cuts.back().confusion.true_positives;
  if (positives == 0) {
    return absl::FailedPreconditionError("average precision needs at least one positive");
  }
  double sum = 0;
  for (size_t i = 1; i < cuts.size(); ++i) {
    const int64_t gained =
        cuts[i].confusion.true_positives - cuts[i - 1].confusion.true_positives;
    sum += static_cast<double>(gained) * cuts[i].confusion.Precision();
  }
  return sum / static_cast<double>(positives);
}

}  // namespace senvec
