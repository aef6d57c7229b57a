#include "encoder/whitening/eigen.h"

#include <lapacke.h>

#include <cmath>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "encoder/whitening/one_blas_thread.h"

namespace senvec {
namespace {

// −1 where the component of largest magnitude in column j is negative.
double SignOf(const std::vector<double>& vectors, int32_t n, int32_t j) {
  double largest = 0;
  for (int32_t i = 0; i < n; ++i) {
    const double value = vectors[int64_t{i} * n + j];
    if (std::abs(value) > std::abs(largest)) largest = value;
  }
  return largest < 0 ? -1.0 : 1.0;
}

}  // namespace

absl::StatusOr<EigenDecomposition> DecomposeSymmetric(std::vector<double> matrix, int32_t n) {
  SENVEC_CHECK(static_cast<int64_t>(matrix.size()) == int64_t{n} * n);
  std::vector<double> ascending(n);
  KeepBlasToThisThread();
  const lapack_int info = LAPACKE_dsyevd(LAPACK_ROW_MAJOR, 'V', 'U', n, matrix.data(), n, ascending.data());
  if (info != 0) {
    return absl::InternalError(absl::StrCat("the eigendecomposition of a ", n, " x ", n,
                                            " covariance did not converge (LAPACK dsyevd: ", info, ")"));
  }
  EigenDecomposition result;
  result.values.assign(ascending.rbegin(), ascending.rend());
  result.vectors.resize(matrix.size());
  for (int32_t j = 0; j < n; ++j) {
    const int32_t from = n - 1 - j;
    const double sign = SignOf(matrix, n, from);
    for (int32_t i = 0; i < n; ++i) {
      result.vectors[int64_t{i} * n + j] = sign * matrix[int64_t{i} * n + from];
    }
  }
  return result;
}

}  // namespace senvec
