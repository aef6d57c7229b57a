#pragma once

#include <cstddef>
#include <vector>

#include "absl/types/span.h"

namespace senvec {

// matrix = L·Lᵀ for a symmetric positive definite n × n matrix, of which the lower triangle is read. In fp64, rows of
// the result summed in one order: the same bits on every run. O(n³/3).
class Cholesky {
 public:
  // False when the matrix is not positive definite to within rounding (a pivot below n · 2⁻⁵² of its diagonal).
  bool Factor(absl::Span<const double> matrix, size_t n);
  // Replaces b (n) by matrix⁻¹ b.
  void Solve(absl::Span<double> b) const;

 private:
  size_t n_ = 0;
  std::vector<double> lower_;  // n × n, row-major
};

}  // namespace senvec
