#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace senvec {

// Where random bits come from: always passed in, so that a run can be repeated bit by bit.
using RandomBits = std::mt19937_64;

// Uniform in [0, n), the same on every machine (unlike std::uniform_int_distribution). n ≥ 1; the
// bias is below n / 2⁶⁴.
uint64_t RandomBelow(RandomBits& random, uint64_t n);

// One bootstrap sample: how often each of counts.size() items is drawn in as many draws with
// replacement.
void ResampleCounts(RandomBits& random, absl::Span<uint32_t> counts);

struct Interval {
  double low = 0;
  double high = 0;
};

// The middle 95 % of the values, interpolated as numpy.percentile does. InvalidArgument when there
// are none.
absl::StatusOr<Interval> PercentileInterval(std::vector<double> values);

// 95 % interval of the mean of `values` over `resamples` bootstrap samples. InvalidArgument when
// there are no values, or one that is not finite.
absl::StatusOr<Interval> BootstrapMean(absl::Span<const double> values, int resamples,
                                       RandomBits& random);

}  // namespace senvec
