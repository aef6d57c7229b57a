#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "eval/measures/resampling.h"

namespace senvec {

// B − A on the same items, and how sure one can be of its sign.
struct PairedDifference {
  double difference = 0;
  Interval interval;  // 95 %
  // Two-sided: 2 · min(share of samples ≤ 0, share ≥ 0), each with one sample more on either side so
  // that it is never 0; at most 1. A difference of 0 in every sample gives 1.
  double p_value = 1;
};

// Of the means of one value an item (a query's nDCG, a pair's being right). InvalidArgument for
// other sizes than equal ones, no items, or a value that is not finite.
absl::StatusOr<PairedDifference> CompareMeans(absl::Span<const double> a,
                                              absl::Span<const double> b, int resamples,
                                              RandomBits& random);

// Of Spearman's ρ of two runs' scores with the same labels. The errors of SpearmanCorrelation().
// A sample in which ρ has no value (all scores or labels equal) is drawn again, at most as often as
// there are resamples; FailedPrecondition after that. O(n) a sample.
absl::StatusOr<PairedDifference> CompareSpearman(absl::Span<const double> scores_a,
                                                 absl::Span<const double> scores_b,
                                                 absl::Span<const double> labels, int resamples,
                                                 RandomBits& random);

// 95 % interval of Spearman's ρ, drawn likewise.
absl::StatusOr<Interval> BootstrapSpearman(absl::Span<const double> scores,
                                           absl::Span<const double> labels, int resamples,
                                           RandomBits& random);

}  // namespace senvec
