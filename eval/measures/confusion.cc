#include "eval/measures/confusion.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

double Share(int64_t part, int64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

double Confusion::Accuracy() const { return Share(true_positives + true_negatives, total()); }

double Confusion::Precision() const {
  return Share(true_positives, true_positives + false_positives);
}

double Confusion::Recall() const { return Share(true_positives, true_positives + false_negatives); }

double Confusion::F1() const {
  return Share(2 * true_positives, 2 * true_positives + false_positives + false_negatives);
}

double Confusion::Mcc() const {
  const double tp = static_cast<double>(true_positives), fp = static_cast<double>(false_positives);
  const double tn = static_cast<double>(true_negatives), fn = static_cast<double>(false_negatives);
  // Roots before products, so that large counts do not lose digits.
  const double scale = std::sqrt((tp + fp) * (tp + fn)) * std::sqrt((tn + fp) * (tn + fn));
  return scale == 0 ? 0.0 : (tp * tn - fp * fn) / scale;
}

absl::Status CheckBinary(absl::Span<const double> scores, absl::Span<const uint8_t> labels) {
  if (scores.size() != labels.size()) {
    return absl::InvalidArgumentError(absl::StrCat(scores.size(), " scores with ", labels.size(),
                                                   " labels: one of each is needed"));
  }
  if (scores.empty()) return absl::InvalidArgumentError("there are no scores to measure");
  for (size_t i = 0; i < scores.size(); ++i) {
    if (!std::isfinite(scores[i])) {
      return absl::InvalidArgumentError(absl::StrCat("score ", i, " is ", scores[i]));
    }
    if (labels[i] > 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("label ", i, " is ", labels[i], "; it must be 0 or 1"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Confusion> Decide(absl::Span<const double> scores, absl::Span<const uint8_t> labels,
                                 double threshold) {
  SENVEC_RETURN_IF_ERROR(CheckBinary(scores, labels));
  Confusion result;
  for (size_t i = 0; i < scores.size(); ++i) {
    const bool accepted = scores[i] >= threshold;
    result.true_positives += accepted && labels[i] == 1;
    result.false_positives += accepted && labels[i] == 0;
    result.true_negatives += !accepted && labels[i] == 0;
    result.false_negatives += !accepted && labels[i] == 1;
  }
  return result;
}

}  // namespace senvec
