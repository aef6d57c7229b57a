#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace senvec {

// Ranks from 1; equal values share the mean of their ranks (scipy.stats.rankdata's "average"). O(n log n).
// `values` holds no NaN.
std::vector<double> AverageRanks(absl::Span<const double> values);

// Pearson's r, Σ(x−x̄)(y−ȳ) / √(Σ(x−x̄)² Σ(y−ȳ)²), in [−1, 1].
// InvalidArgument: sizes differ, fewer than two values, a value that is not finite (its position is named).
// FailedPrecondition: all values of one side are equal, where r has no value.
absl::StatusOr<double> PearsonCorrelation(absl::Span<const double> x, absl::Span<const double> y);

// Spearman's ρ: Pearson's r of the average ranks, which is right with ties, unlike 1 − 6Σd²/(n³−n). The same errors,
// except that infinities are ranked.
absl::StatusOr<double> SpearmanCorrelation(absl::Span<const double> x, absl::Span<const double> y);

}  // namespace senvec
