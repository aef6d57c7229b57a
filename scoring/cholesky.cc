#include "scoring/cholesky.h"

#include <cmath>

namespace senvec {
namespace {

double Dot(const double* a, const double* b, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace

bool Cholesky::Factor(absl::Span<const double> matrix, size_t n) {
  n_ = n;
  lower_.assign(matrix.begin(), matrix.end());
  for (size_t i = 0; i < n; ++i) {
    double* const row = &lower_[i * n];
    const double diagonal = row[i];
    for (size_t j = 0; j < i; ++j) {
      row[j] = (row[j] - Dot(row, &lower_[j * n], j)) / lower_[j * n + j];
    }
    const double pivot = diagonal - Dot(row, row, i);
    if (!(pivot > diagonal * static_cast<double>(n) * 0x1p-52) || !(pivot > 0)) return false;
    row[i] = std::sqrt(pivot);
  }
  return true;
}

void Cholesky::Solve(absl::Span<double> b) const {
  for (size_t i = 0; i < n_; ++i) b[i] = (b[i] - Dot(&lower_[i * n_], b.data(), i)) / lower_[i * n_ + i];
  for (size_t i = n_; i-- > 0;) {
    b[i] /= lower_[i * n_ + i];
    for (size_t j = 0; j < i; ++j) b[j] -= lower_[i * n_ + j] * b[i];
  }
}

}  // namespace senvec
