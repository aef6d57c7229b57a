#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace senvec {

// probability = 1 / (1 + exp(−(slope · score + offset))).
struct LogisticCurve {
  double slope = 0;
  double offset = 0;
  double Probability(double score) const;
};

// Platt's scaling (1999): maximum likelihood of a logistic curve on scores in place of labels
// 1 and 0 with the targets (n₊+1)/(n₊+2) and 1/(n₋+2), which keep it finite where classes do not
// overlap. Newton's method with halved steps (Lin, Lin and Weng 2007). The errors of CheckBinary().
absl::StatusOr<LogisticCurve> FitLogistic(absl::Span<const double> scores,
                                          absl::Span<const uint8_t> labels);

// The probabilities in (i/M, (i+1)/M], the first bin with 0, and what became of them.
struct ReliabilityBin {
  int64_t count = 0;
  double mean_probability = 0;  // 0 in an empty bin
  double positive_share = 0;    // 0 in an empty bin
};

struct Calibration {
  std::vector<ReliabilityBin> bins;
  // Expected calibration error: Σ count/n · |mean_probability − positive_share| over bins.
  double error = 0;
  double largest_gap = 0;  // the largest term's gap, over bins that are not empty
  double brier = 0;        // mean squared distance of probability and label
};

// Bins of equal width, 15 as usual. The errors of CheckBinary(), and InvalidArgument for a
// probability outside [0, 1] or num_bins < 1.
absl::StatusOr<Calibration> MeasureCalibration(absl::Span<const double> probabilities,
                                               absl::Span<const uint8_t> labels,
                                               int num_bins = 15);

}  // namespace senvec
