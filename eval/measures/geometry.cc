#include "eval/measures/geometry.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

absl::Status CheckRows(const RowsView& rows, int64_t least) {
  if (rows.dim <= 0 || rows.values.size() % rows.dim != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(rows.values.size(), " values are no rows of ", rows.dim));
  }
  if (rows.size() < least) {
    return absl::InvalidArgumentError(
        absl::StrCat(rows.size(), " vectors; at least ", least, " are needed"));
  }
  for (size_t i = 0; i < rows.values.size(); ++i) {
    if (std::isfinite(rows.values[i])) continue;
    return absl::InvalidArgumentError(absl::StrCat("row ", i / rows.dim, ", column ", i % rows.dim,
                                                   " is ", rows.values[i]));
  }
  return absl::OkStatus();
}

double SquaredDistance(absl::Span<const float> a, absl::Span<const float> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double d = static_cast<double>(a[i]) - b[i];
    sum += d * d;
  }
  return sum;
}

// `count` different positions below n, or all of them.
std::vector<int64_t> Draw(int64_t n, int64_t count, RandomBits& random) {
  std::vector<int64_t> positions(n);
  std::iota(positions.begin(), positions.end(), 0);
  if (n <= count) return positions;
  for (int64_t i = 0; i < count; ++i) {
    std::swap(positions[i], positions[i + static_cast<int64_t>(RandomBelow(random, n - i))]);
  }
  positions.resize(count);
  return positions;
}

}  // namespace

absl::StatusOr<double> Alignment(const RowsView& rows,
                                 absl::Span<const std::pair<int64_t, int64_t>> positives) {
  SENVEC_RETURN_IF_ERROR(CheckRows(rows, 1));
  if (positives.empty()) return absl::InvalidArgumentError("alignment needs pairs that mean the same");
  double sum = 0;
  for (const auto& [a, b] : positives) {
    if (std::min(a, b) < 0 || std::max(a, b) >= rows.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("pair of rows ", a, " and ", b, " of ", rows.size()));
    }
    sum += SquaredDistance(rows[a], rows[b]);
  }
  return sum / static_cast<double>(positives.size());
}

absl::StatusOr<double> Uniformity(const RowsView& rows, int64_t max_rows, RandomBits& random) {
  SENVEC_RETURN_IF_ERROR(CheckRows(rows, 2));
  const std::vector<int64_t> drawn = Draw(rows.size(), std::max<int64_t>(max_rows, 2), random);
  double sum = 0;
  for (size_t i = 0; i < drawn.size(); ++i) {
    for (size_t j = i + 1; j < drawn.size(); ++j) {
      sum += std::exp(-2 * SquaredDistance(rows[drawn[i]], rows[drawn[j]]));
    }
  }
  const double n = static_cast<double>(drawn.size());
  return std::log(sum / (n * (n - 1) / 2));
}

absl::StatusOr<double> MeanCosine(const RowsView& rows) {
  SENVEC_RETURN_IF_ERROR(CheckRows(rows, 2));
  // Σ_{i≠j} x_i·x_j = ‖Σ x‖² − Σ ‖x‖².
  std::vector<double> sum(rows.dim);
  double own = 0;
  for (size_t i = 0; i < rows.values.size(); ++i) {
    const double v = rows.values[i];
    sum[i % rows.dim] += v;
    own += v * v;
  }
  double all = 0;
  for (const double s : sum) all += s * s;
  const double n = static_cast<double>(rows.size());
  return (all - own) / (n * (n - 1));
}

absl::StatusOr<EffectiveDimension> MeasureDimension(absl::Span<const double> eigenvalues) {
  double sum = 0, squares = 0, largest = 0;
  for (size_t i = 0; i < eigenvalues.size(); ++i) {
    if (!std::isfinite(eigenvalues[i])) {
      return absl::InvalidArgumentError(absl::StrCat("eigenvalue ", i, " is ", eigenvalues[i]));
    }
    const double value = std::max(eigenvalues[i], 0.0);
    sum += value;
    squares += value * value;
    largest = std::max(largest, value);
  }
  if (!(sum > 0)) return absl::InvalidArgumentError("no eigenvalue is positive");
  EffectiveDimension result;
  double entropy = 0;
  for (const double value : eigenvalues) {
    if (value > 0) entropy -= value / sum * std::log(value / sum);
  }
  result.participation = sum * sum / squares;
  result.entropy = std::exp(entropy);
  result.isotropy = sum / static_cast<double>(eigenvalues.size()) / largest;
  return result;
}

}  // namespace senvec
