#include "index/vector/principal_axes.h"

#include <cblas.h>
#include <lapacke.h>

#include <algorithm>
#include <cmath>
#include <utility>

// OpenBLAS's own switch; absent when another BLAS stands in for it.
extern "C" void openblas_set_num_threads(int num_threads) __attribute__((weak));

namespace senvec {
namespace {

// Turns a vector so that each value becomes a mixture of all: signs, then Hartley's matrix, which is its own inverse.
void Mix(std::vector<double>& values, size_t dims, size_t columns, uint64_t seed) {
  uint64_t state = seed;
  for (size_t i = 0; i < dims; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    if (state >> 63 == 0) continue;
    for (size_t c = 0; c < columns; ++c) values[i * columns + c] = -values[i * columns + c];
  }
  std::vector<double> hartley(dims * dims), mixed(dims * columns);
  const double turn = 2 * M_PI / static_cast<double>(dims), scale = 1 / std::sqrt(static_cast<double>(dims));
  for (size_t i = 0; i < dims; ++i) {
    for (size_t j = 0; j < dims; ++j) {
      const double angle = turn * static_cast<double>(i * j % dims);
      hartley[i * dims + j] = scale * (std::cos(angle) + std::sin(angle));
    }
  }
  const int n = static_cast<int>(dims), m = static_cast<int>(columns);
  cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, m, n, 1, hartley.data(), n, values.data(), m, 0,
              mixed.data(), m);
  values = std::move(mixed);
}

// The symmetric matrix's eigenvectors in place, as rows by ascending eigenvalue; false where LAPACK gave up.
bool Diagonalize(std::vector<double>& matrix, std::vector<double>& values, int n) {
  values.resize(static_cast<size_t>(n));
  return LAPACKE_dsyevd(LAPACK_COL_MAJOR, 'V', 'U', n, matrix.data(), n, values.data()) == 0;
}

}  // namespace

PrincipalAxes FindPrincipalAxes(absl::Span<const float> rows, int32_t dim, int32_t step, double energy) {
  const size_t d = static_cast<size_t>(dim), n = rows.size() / d;
  if (n == 0 || dim <= step) return {};
  if (openblas_set_num_threads != nullptr) openblas_set_num_threads(1);
  // So that squares of any length that an index takes stay in range.
  float greatest = 0;
  for (float value : rows) greatest = std::max(greatest, std::abs(value));
  if (greatest == 0) return {};
  std::vector<double> moments(d * d), block;
  constexpr size_t kBlock = 1024;
  for (size_t first = 0; first < n; first += kBlock) {
    const size_t count = std::min(kBlock, n - first);
    block.resize(count * d);
    for (size_t i = 0; i < block.size(); ++i) block[i] = double{rows[first * d + i]} / greatest;
    cblas_dsyrk(CblasColMajor, CblasUpper, CblasNoTrans, dim, static_cast<int>(count), 1, block.data(), dim, 1,
                moments.data(), dim);
  }
  std::vector<double> values;
  if (!Diagonalize(moments, values, dim)) return {};
  double total = 0, kept = 0;
  for (double value : values) total += std::max(value, 0.0);
  size_t dims = 0;
  while (dims < d && (kept < energy * total || dims % static_cast<size_t>(step) != 0)) {
    kept += std::max(values[d - 1 - dims], 0.0);
    ++dims;
  }
  if (dims >= d) return {};
  // Eigenvectors are the rows of what is now in `moments`; the last belong to the greatest values.
  std::vector<double> axes(moments.end() - static_cast<ptrdiff_t>(dims * d), moments.end());
  Mix(axes, dims, d, 1);
  Mix(axes, dims, d, 2);
  return {.dims = static_cast<int32_t>(dims), .matrix = std::vector<float>(axes.begin(), axes.end())};
}

}  // namespace senvec
