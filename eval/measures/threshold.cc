#include "eval/measures/threshold.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "eval/measures/order.h"

namespace senvec {
namespace {

// Half-way down to the next score; of neighbouring doubles the upper one, which is accepted.
double Between(double upper, double lower) {
  const double middle = lower + (upper - lower) / 2;
  return std::isfinite(middle) && middle > lower ? middle : upper;
}

// The threshold that accepts the `accepted` highest runs of equal scores.
double ThresholdBelow(const TiedOrder& sorted, size_t accepted) {
  const size_t lowest = sorted.num_runs() - accepted;  // the lowest run that is accepted
  if (accepted == 0) {
    return std::nextafter(sorted.values.back(), std::numeric_limits<double>::infinity());
  }
  const double upper = sorted.values[lowest];
  return lowest == 0 ? upper : Between(upper, sorted.values[lowest - 1]);
}

bool Acceptable(const Confusion& confusion, const ThresholdOptions& options) {
  return options.goal != ThresholdGoal::kPrecision ||
         (confusion.true_positives > 0 && confusion.Precision() >= options.wanted_precision);
}

struct Sweep {
  size_t accepted = 0;  // runs of equal scores, from the highest
  Confusion confusion;
};

// Visits every cut, from the one that accepts nothing on; pair i counts weight(i) times.
template <typename Weight, typename Visit>
void SweepCuts(const TiedOrder& sorted, absl::Span<const uint8_t> labels, Weight weight, Visit visit) {
  Confusion c;
  for (size_t i = 0; i < labels.size(); ++i) {
    (labels[i] == 1 ? c.false_negatives : c.true_negatives) += weight(i);
  }
  visit(Sweep{0, c});
  for (size_t run = sorted.num_runs(); run-- > 0;) {
    for (size_t i = sorted.starts[run]; i < sorted.starts[run + 1]; ++i) {
      const uint32_t pair = sorted.positions[i];
      const int64_t n = weight(pair), positive = labels[pair] == 1 ? n : 0;
      c.true_positives += positive;
      c.false_negatives -= positive;
      c.false_positives += n - positive;
      c.true_negatives -= n - positive;
    }
    visit(Sweep{sorted.num_runs() - run, c});
  }
}

template <typename Weight>
std::optional<Sweep> BestCut(const TiedOrder& sorted, absl::Span<const uint8_t> labels, Weight weight,
                             const ThresholdOptions& options) {
  std::optional<Sweep> best;
  double best_worth = 0;
  SweepCuts(sorted, labels, weight, [&](const Sweep& sweep) {
    if (!Acceptable(sweep.confusion, options)) return;
    const double worth = WorthOf(sweep.confusion, options.goal);
    // Of equal recall, the higher precision.
    const bool better = !best || worth > best_worth ||
                        (options.goal == ThresholdGoal::kPrecision && worth == best_worth &&
                         sweep.confusion.Precision() > best->confusion.Precision());
    if (!better) return;
    best = sweep;
    best_worth = worth;
  });
  return best;
}

const auto kOnce = [](size_t) { return int64_t{1}; };

absl::Status NoCut(const TiedOrder& sorted, absl::Span<const uint8_t> labels, double wanted) {
  double best = 0;
  SweepCuts(sorted, labels, kOnce,
            [&](const Sweep& s) { best = std::max(best, s.confusion.Precision()); });
  return absl::FailedPreconditionError(
      absl::StrCat("no threshold reaches precision ", wanted, ": the best of ", labels.size(),
                   " pairs is ", best, "; ask for less or improve the model"));
}

}  // namespace

absl::Status ThresholdOptions::Validate() const {
  if (goal != ThresholdGoal::kPrecision) return absl::OkStatus();
  if (wanted_precision > 0 && wanted_precision <= 1) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("the wanted precision is ", wanted_precision, "; it must be in (0, 1]"));
}

double WorthOf(const Confusion& confusion, ThresholdGoal goal) {
  switch (goal) {
    case ThresholdGoal::kAccuracy:
      return confusion.Accuracy();
    case ThresholdGoal::kF1:
      return confusion.F1();
    case ThresholdGoal::kMcc:
      return confusion.Mcc();
    case ThresholdGoal::kPrecision:
      return confusion.Recall();
  }
  return 0;
}

absl::StatusOr<std::vector<CutPoint>> AllCutPoints(absl::Span<const double> scores,
                                                   absl::Span<const uint8_t> labels) {
  SENVEC_RETURN_IF_ERROR(CheckBinary(scores, labels));
  const TiedOrder sorted = SortWithTies(scores);
  std::vector<CutPoint> cuts;
  cuts.reserve(sorted.num_runs() + 1);
  SweepCuts(sorted, labels, kOnce, [&](const Sweep& sweep) {
    cuts.push_back({ThresholdBelow(sorted, sweep.accepted), sweep.confusion});
  });
  return cuts;
}

absl::StatusOr<TunedThreshold> TuneThreshold(absl::Span<const double> scores,
                                             absl::Span<const uint8_t> labels,
                                             const ThresholdOptions& options) {
  SENVEC_RETURN_IF_ERROR(options.Validate());
  SENVEC_RETURN_IF_ERROR(CheckBinary(scores, labels));
  const TiedOrder sorted = SortWithTies(scores);
  const std::optional<Sweep> best = BestCut(sorted, labels, kOnce, options);
  if (!best) return NoCut(sorted, labels, options.wanted_precision);
  return TunedThreshold{ThresholdBelow(sorted, best->accepted), best->confusion};
}

absl::StatusOr<ThresholdInterval> BootstrapThreshold(absl::Span<const double> scores,
                                                     absl::Span<const uint8_t> labels,
                                                     const ThresholdOptions& options, int resamples,
                                                     RandomBits& random) {
  SENVEC_RETURN_IF_ERROR(options.Validate());
  SENVEC_RETURN_IF_ERROR(CheckBinary(scores, labels));
  const TiedOrder sorted = SortWithTies(scores);
  ThresholdInterval result;
  std::vector<double> thresholds, worths;
  std::vector<uint32_t> counts(scores.size());
  for (int i = 0; i < resamples; ++i) {
    ResampleCounts(random, absl::MakeSpan(counts));
    const auto best = BestCut(sorted, labels, [&](size_t p) { return int64_t{counts[p]}; }, options);
    if (!best) {
      ++result.samples_without_cut;
      continue;
    }
    thresholds.push_back(ThresholdBelow(sorted, best->accepted));
    worths.push_back(WorthOf(best->confusion, options.goal));
  }
  SENVEC_ASSIGN_OR_RETURN(result.threshold, PercentileInterval(thresholds));
  SENVEC_ASSIGN_OR_RETURN(result.worth, PercentileInterval(worths));
  return result;
}

}  // namespace senvec
