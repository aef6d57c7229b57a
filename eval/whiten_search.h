#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "base/thread_pool.h"
#include "encoder/whitening/whitening.h"

namespace senvec {

// Scored pairs whose vectors are known. `rows`: pooled vectors, neither whitened nor normalised.
struct PairVectors {
  absl::Span<const float> rows;  // n × dim
  std::vector<std::pair<int64_t, int64_t>> pairs;  // positions of the two rows
  std::vector<double> labels;                      // one a pair
};

// Where the search looks: every β with every γ with every k.
struct WhitenGrid {
  std::vector<int32_t> k;      // ascending, each in [1, dim]
  std::vector<double> beta;    // within ±WhiteningOptions::kLargestExponent
  std::vector<double> gamma;

  absl::Status Validate(int32_t dim) const;
  // β, γ from 0 to 1 in quarters; k from dim/12 to dim in eight steps that are multiples of 8.
  static WhitenGrid Coarse(int32_t dim);
  // Around a point, within half of `step` and a quarter: five values each of β and γ.
  static WhitenGrid Around(double beta, double gamma, double step, std::vector<int32_t> k);
};

// One transform and what it is worth.
struct WhitenPoint {
  int32_t k = 0;
  double beta = 0;
  double gamma = 0;
  double dev = 0;   // Spearman's ρ, or NaN where it has no value
  double test = 0;  // likewise; NaN without a test set
};

// Tries the whole grid on both sets. Statistics are gathered once; each β costs one
// eigendecomposition and one pass over the pairs, in which the cosines of all k and γ come from sums
// of products of components, cut at each k. Memory: pairs × |k| × |γ| floats.
//
// Agrees with Whitening::Fit() and Apply() up to rounding in fp32. InvalidArgument for a bad grid,
// other dimensions or no pairs; FailedPrecondition when statistics are of fewer than two vectors.
// `check` (may be empty) is asked before each β, and its error ends the search.
absl::StatusOr<std::vector<WhitenPoint>> SearchWhitening(const WhiteningStatistics& statistics,
                                                         const PairVectors& dev,
                                                         const PairVectors& test,
                                                         const WhitenGrid& grid, ThreadPool& pool,
                                                         const std::function<absl::Status()>& check = nullptr);

// The point with the highest dev value; of equal ones the first with the smallest k. Null without any.
const WhitenPoint* BestPoint(absl::Span<const WhitenPoint> points);

}  // namespace senvec
