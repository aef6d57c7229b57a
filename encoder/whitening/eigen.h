#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"

namespace senvec {

// matrix = U·diag(values)·Uᵀ. Column j of `vectors` belongs to values[j].
struct EigenDecomposition {
  std::vector<double> values;   // n, descending
  std::vector<double> vectors;  // n × n, row-major
};

// Of a symmetric n × n matrix (LAPACK dsyevd). A vector's sign, which nothing determines, is chosen so that its
// component of largest magnitude is positive. Internal when LAPACK does not converge.
absl::StatusOr<EigenDecomposition> DecomposeSymmetric(std::vector<double> matrix, int32_t n);

}  // namespace senvec
