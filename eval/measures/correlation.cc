#include "eval/measures/correlation.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/status_macros.h"
#include "eval/measures/order.h"

namespace senvec {
namespace {

absl::Status CheckSizes(absl::Span<const double> x, absl::Span<const double> y) {
  if (x.size() != y.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("correlation of ", x.size(), " values with ", y.size(), ": one of each is needed"));
  }
  if (x.size() >= 2) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("correlation needs at least 2 pairs, got ", x.size()));
}

absl::Status CheckSide(absl::Span<const double> values, absl::string_view side, bool allow_infinite) {
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i]) || (allow_infinite && std::isinf(values[i]))) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("correlation: value ", i, " of the ", side, " side is ", values[i]));
  }
  if (std::any_of(values.begin(), values.end(), [&](double v) { return v != values[0]; })) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      absl::StrCat("correlation has no value: all ", values.size(), " values of the ", side,
                   " side are equal to ", values[0]));
}

absl::Status CheckBoth(absl::Span<const double> x, absl::Span<const double> y, bool allow_infinite) {
  SENVEC_RETURN_IF_ERROR(CheckSizes(x, y));
  SENVEC_RETURN_IF_ERROR(CheckSide(x, "first", allow_infinite));
  return CheckSide(y, "second", allow_infinite);
}

// (x − x̄) / max|x − x̄|, so that squares neither overflow nor vanish.
// long double holds the sum and the difference of any doubles.
std::vector<long double> Centred(absl::Span<const double> values) {
  long double sum = 0;
  for (const double v : values) sum += v;
  const long double mean = sum / static_cast<long double>(values.size());
  std::vector<long double> centred(values.size());
  long double largest = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    centred[i] = values[i] - mean;
    largest = std::max(largest, std::abs(centred[i]));
  }
  for (long double& v : centred) v /= largest;
  return centred;
}

// Both sides hold at least two different finite values.
double Correlate(absl::Span<const double> x, absl::Span<const double> y) {
  const std::vector<long double> a = Centred(x);
  const std::vector<long double> b = Centred(y);
  long double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return static_cast<double>(std::clamp(ab / std::sqrt(aa * bb), -1.0L, 1.0L));
}

// Calls visit(position, begin, end) for each value, where [begin, end) are the places that the values
// equal to it take in ascending order.
template <typename Visit>
void ForEachTie(absl::Span<const double> values, Visit visit) {
  const TiedOrder order = SortWithTies(values);
  for (size_t run = 0; run < order.num_runs(); ++run) {
    const size_t begin = order.starts[run], end = order.starts[run + 1];
    for (size_t i = begin; i < end; ++i) visit(order.positions[i], begin, end);
  }
}

// 2·rank − (n + 1): whole numbers around 0, at most n in size.
std::vector<int64_t> CentredRanks(absl::Span<const double> values) {
  std::vector<int64_t> ranks(values.size());
  ForEachTie(values, [&](uint32_t position, size_t begin, size_t end) {
    ranks[position] = static_cast<int64_t>(begin + end) - static_cast<int64_t>(values.size());
  });
  return ranks;
}

// Sums of whole numbers are exact, so only the last division and root round.
double CorrelateRanks(const std::vector<int64_t>& a, const std::vector<int64_t>& b) {
  __int128 ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  const long double scale = std::sqrt(static_cast<long double>(aa)) * std::sqrt(static_cast<long double>(bb));
  return static_cast<double>(std::clamp(static_cast<long double>(ab) / scale, -1.0L, 1.0L));
}

}  // namespace

std::vector<double> AverageRanks(absl::Span<const double> values) {
  std::vector<double> ranks(values.size());
  ForEachTie(values, [&](uint32_t position, size_t begin, size_t end) {
    // The ranks begin + 1 … end have this mean.
    ranks[position] = 0.5 * static_cast<double>(begin + 1 + end);
  });
  return ranks;
}

absl::StatusOr<double> PearsonCorrelation(absl::Span<const double> x, absl::Span<const double> y) {
  SENVEC_RETURN_IF_ERROR(CheckBoth(x, y, /*allow_infinite=*/false));
  return Correlate(x, y);
}

absl::StatusOr<double> SpearmanCorrelation(absl::Span<const double> x, absl::Span<const double> y) {
  SENVEC_RETURN_IF_ERROR(CheckBoth(x, y, /*allow_infinite=*/true));
  return CorrelateRanks(CentredRanks(x), CentredRanks(y));
}

absl::StatusOr<SpearmanReference> SpearmanReference::Make(absl::Span<const double> labels) {
  SENVEC_RETURN_IF_ERROR(CheckSizes(labels, labels));
  SENVEC_RETURN_IF_ERROR(CheckSide(labels, "second", /*allow_infinite=*/true));
  SpearmanReference reference;
  reference.ranks_ = CentredRanks(labels);
  return reference;
}

absl::StatusOr<double> SpearmanReference::Correlate(absl::Span<const double> values) const {
  if (values.size() != ranks_.size()) {
    return absl::InvalidArgumentError(absl::StrCat("correlation of ", values.size(), " values with ",
                                                   ranks_.size(), ": one of each is needed"));
  }
  SENVEC_RETURN_IF_ERROR(CheckSide(values, "first", /*allow_infinite=*/true));
  return CorrelateRanks(CentredRanks(values), ranks_);
}

}  // namespace senvec
