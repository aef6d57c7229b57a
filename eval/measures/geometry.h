#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "eval/measures/resampling.h"

namespace senvec {

// Row vectors, n × dim, row-major.
struct RowsView {
  absl::Span<const float> values;
  int64_t dim = 0;

  int64_t size() const { return dim == 0 ? 0 : static_cast<int64_t>(values.size()) / dim; }
  absl::Span<const float> operator[](int64_t i) const { return values.subspan(i * dim, dim); }
};

// All of these take vectors of length 1 and are in fp64. InvalidArgument: no rows, a size that is no
// multiple of dim, a value that is not finite, a position outside.

// Mean of ‖x − y‖² over pairs that mean the same (Wang and Isola 2020, α = 2): 0 is best.
absl::StatusOr<double> Alignment(const RowsView& rows,
                                 absl::Span<const std::pair<int64_t, int64_t>> positives);

// ln of the mean of exp(−2‖x − y‖²) over pairs of different rows (Wang and Isola 2020, t = 2): the
// lower, the more evenly spread. O(n²): above `max_rows` rows, over that many drawn with `random`.
absl::StatusOr<double> Uniformity(const RowsView& rows, int64_t max_rows, RandomBits& random);

// Mean cosine of two different rows; 0 where directions are spread evenly about the origin. O(n).
absl::StatusOr<double> MeanCosine(const RowsView& rows);

// Of the eigenvalues of a covariance (any order, each ≥ 0 up to rounding): how many directions carry
// the variance. InvalidArgument without a positive one.
struct EffectiveDimension {
  double participation = 0;  // (Σλ)² / Σλ²
  double entropy = 0;        // exp(−Σ p ln p), p = λ / Σλ (Roy and Vetterli 2007)
  // min λ / max λ of a cloud's second moments is 1 for a round cloud; here the mean of λ over its
  // largest, which does not hang on the smallest one: 1 is isotropic, 1/dim a line.
  double isotropy = 0;
};
absl::StatusOr<EffectiveDimension> MeasureDimension(absl::Span<const double> eigenvalues);

}  // namespace senvec
