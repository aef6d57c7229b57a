#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "eval/measures/confusion.h"
#include "eval/measures/resampling.h"

namespace senvec {

// What a threshold is chosen for.
enum class ThresholdGoal {
  kAccuracy,
  kF1,
  kMcc,
  kPrecision,  // the largest recall whose precision is at least the wanted one
};

struct ThresholdOptions {
  ThresholdGoal goal = ThresholdGoal::kAccuracy;
  double wanted_precision = 0.95;  // in (0, 1]; kPrecision only

  absl::Status Validate() const;
};

// One place to cut the scores: those at or above `threshold` are accepted.
struct CutPoint {
  double threshold = 0;
  Confusion confusion;
};

// A threshold and what it did to the scores that it was chosen on.
using TunedThreshold = CutPoint;

// Every cut that decides differently, from the one that accepts nothing to the one that accepts
// everything: between distinct scores half-way, so that equal scores are never split; above the
// highest by one step of a double; and at the lowest score. O(n log n).
absl::StatusOr<std::vector<CutPoint>> AllCutPoints(absl::Span<const double> scores,
                                                   absl::Span<const uint8_t> labels);

// The best of AllCutPoints(): no other threshold does better on these scores. Of equally good ones
// the highest. With one class only, accuracy accepts all or nothing, and F1 and MCC are 0.
// FailedPrecondition when no cut has the wanted precision, naming the best precision there is.
absl::StatusOr<TunedThreshold> TuneThreshold(absl::Span<const double> scores,
                                             absl::Span<const uint8_t> labels,
                                             const ThresholdOptions& options);

// How far the threshold and its worth on the tuning set would move with another sample of pairs:
// 95 % percentile intervals over `resamples` bootstrap samples. Samples without any acceptable cut
// (kPrecision) are left out; their number is told. O(n) a sample.
struct ThresholdInterval {
  Interval threshold;
  Interval worth;  // of the goal: accuracy, F1, MCC, or recall for kPrecision
  int samples_without_cut = 0;
};
absl::StatusOr<ThresholdInterval> BootstrapThreshold(absl::Span<const double> scores,
                                                     absl::Span<const uint8_t> labels,
                                                     const ThresholdOptions& options, int resamples,
                                                     RandomBits& random);

// The number that the goal makes large; kPrecision: recall.
double WorthOf(const Confusion& confusion, ThresholdGoal goal);

}  // namespace senvec
