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

// Pairs with one score.
struct Tie {
  double score;
  size_t begin, end;  // in descending order
};

// Scores from the highest down, with labels, and where runs of equal scores are.
struct Sorted {
  std::vector<uint32_t> order;
  std::vector<Tie> ties;
};

Sorted SortDown(absl::Span<const double> scores) {
  Sorted sorted{AscendingOrder(scores), {}};
  std::reverse(sorted.order.begin(), sorted.order.end());
  for (size_t begin = 0, end = 0; begin < scores.size(); begin = end) {
    const double score = scores[sorted.order[begin]];
    while (end < scores.size() && scores[sorted.order[end]] == score) ++end;
    sorted.ties.push_back({score, begin, end});
  }
  return sorted;
}

// Half-way down to the next score; of neighbouring doubles the upper one, which is accepted.
double Between(double upper, double lower) {
  const double middle = lower + (upper - lower) / 2;
  return std::isfinite(middle) && middle > lower ? middle : upper;
}

double ThresholdBelow(const std::vector<Tie>& ties, size_t accepted_ties) {
  if (accepted_ties == 0) {
    return std::nextafter(ties.front().score, std::numeric_limits<double>::infinity());
  }
  const double upper = ties[accepted_ties - 1].score;
  return accepted_ties == ties.size() ? upper : Between(upper, ties[accepted_ties].score);
}

bool Acceptable(const Confusion& confusion, const ThresholdOptions& options) {
  return options.goal != ThresholdGoal::kPrecision ||
         (confusion.true_positives > 0 && confusion.Precision() >= options.wanted_precision);
}

// Larger is better: the worth, then for kPrecision the precision at the same recall.
bool Better(const Confusion& a, const Confusion& b, ThresholdGoal goal) {
  const double worth_a = WorthOf(a, goal), worth_b = WorthOf(b, goal);
  if (worth_a != worth_b) return worth_a > worth_b;
  return goal == ThresholdGoal::kPrecision && a.Precision() > b.Precision();
}

struct Sweep {
  size_t accepted_ties = 0;
  Confusion confusion;
};

// The best cut, where pair `order[i]` counts weight(order[i]) times.
template <typename Weight, typename Visit>
void SweepCuts(const Sorted& sorted, absl::Span<const uint8_t> labels, Weight weight, Visit visit) {
  Confusion c;
  for (size_t i = 0; i < labels.size(); ++i) {
    (labels[i] == 1 ? c.false_negatives : c.true_negatives) += weight(i);
  }
  visit(Sweep{0, c});
  for (size_t t = 0; t < sorted.ties.size(); ++t) {
    for (size_t i = sorted.ties[t].begin; i < sorted.ties[t].end; ++i) {
      const uint32_t pair = sorted.order[i];
      const int64_t n = weight(pair), positive = labels[pair] == 1 ? n : 0;
      c.true_positives += positive;
      c.false_negatives -= positive;
      c.false_positives += n - positive;
      c.true_negatives -= n - positive;
    }
    visit(Sweep{t + 1, c});
  }
}

template <typename Weight>
std::optional<Sweep> BestCut(const Sorted& sorted, absl::Span<const uint8_t> labels, Weight weight,
                             const ThresholdOptions& options) {
  std::optional<Sweep> best;
  SweepCuts(sorted, labels, weight, [&](const Sweep& sweep) {
    if (!Acceptable(sweep.confusion, options)) return;
    if (!best || Better(sweep.confusion, best->confusion, options.goal)) best = sweep;
  });
  return best;
}

const auto kOnce = [](size_t) { return int64_t{1}; };

absl::Status NoCut(const Sorted& sorted, absl::Span<const uint8_t> labels, double wanted) {
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
  const Sorted sorted = SortDown(scores);
  std::vector<CutPoint> cuts;
  cuts.reserve(sorted.ties.size() + 1);
  SweepCuts(sorted, labels, kOnce, [&](const Sweep& sweep) {
    cuts.push_back({ThresholdBelow(sorted.ties, sweep.accepted_ties), sweep.confusion});
  });
  return cuts;
}

absl::StatusOr<TunedThreshold> TuneThreshold(absl::Span<const double> scores,
                                             absl::Span<const uint8_t> labels,
                                             const ThresholdOptions& options) {
  SENVEC_RETURN_IF_ERROR(options.Validate());
  SENVEC_RETURN_IF_ERROR(CheckBinary(scores, labels));
  const Sorted sorted = SortDown(scores);
  const std::optional<Sweep> best = BestCut(sorted, labels, kOnce, options);
  if (!best) return NoCut(sorted, labels, options.wanted_precision);
  return TunedThreshold{ThresholdBelow(sorted.ties, best->accepted_ties), best->confusion};
}

absl::StatusOr<ThresholdInterval> BootstrapThreshold(absl::Span<const double> scores,
                                                     absl::Span<const uint8_t> labels,
                                                     const ThresholdOptions& options, int resamples,
                                                     RandomBits& random) {
  SENVEC_RETURN_IF_ERROR(options.Validate());
  SENVEC_RETURN_IF_ERROR(CheckBinary(scores, labels));
  const Sorted sorted = SortDown(scores);
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
    thresholds.push_back(ThresholdBelow(sorted.ties, best->accepted_ties));
    worths.push_back(WorthOf(best->confusion, options.goal));
  }
  SENVEC_ASSIGN_OR_RETURN(result.threshold, PercentileInterval(thresholds));
  SENVEC_ASSIGN_OR_RETURN(result.worth, PercentileInterval(worths));
  return result;
}

}  // namespace senvec
