#include "index/vector/checked_rows.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

constexpr double kLongest = 1e18;        // squares of sums of two such lengths stay below FLT_MAX
constexpr float kGreatestHalf = 65504;

// In fp64, so that no finite vector overflows or vanishes; in sums of their own, so that one addition need not wait for
// the one before. The order is fixed, and so are the bits.
double SumOfSquares(const float* row, size_t dim) {
  constexpr size_t kSums = 16;
  double sums[kSums] = {};
  size_t d = 0;
  for (; d + kSums <= dim; d += kSums) {
    for (size_t s = 0; s < kSums; ++s) sums[s] += double{row[d + s]} * row[d + s];
  }
  for (; d < dim; ++d) sums[d % kSums] += double{row[d]} * row[d];
  double total = 0;
  for (double sum : sums) total += sum;
  return total;
}

float Greatest(const float* row, size_t dim) {
  float greatest = 0;
  for (size_t d = 0; d < dim; ++d) greatest = std::max(greatest, std::abs(row[d]));
  return greatest;
}

absl::Status CheckRow(const VectorIndexOptions& options, absl::string_view what, int64_t number, bool as_half, float* row) {
  const size_t dim = static_cast<size_t>(options.dim);
  const auto refuse = [&](auto... message) {
    return absl::InvalidArgumentError(absl::StrCat(what, " ", number, message...));
  };
  const double squares = SumOfSquares(row, dim);
  if (!std::isfinite(squares)) {
    for (size_t d = 0; d < dim; ++d) {
      if (!std::isfinite(row[d])) return refuse(": value ", d, " is ", row[d], "; values must be finite");
    }
  }
  if (options.metric == Metric::kCosine) {
    if (squares == 0) return refuse(" is the zero vector, which has no cosine");
    const double inverse = 1 / std::sqrt(squares);
    for (size_t d = 0; d < dim; ++d) row[d] = static_cast<float>(row[d] * inverse);
    return absl::OkStatus();
  }
  if (squares > kLongest * kLongest) {
    return refuse(" has length ", std::sqrt(squares), "; with metric ", MetricName(options.metric), " at most ",
                  kLongest, " is taken: scale the vectors");
  }
  const float greatest = as_half ? Greatest(row, dim) : 0;
  if (greatest > kGreatestHalf) {
    return refuse(" holds ", greatest, ", more than fp16 can (", kGreatestHalf, "); rescore from fp32 or scale the vectors");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckRows(const VectorIndexOptions& options, absl::string_view what, int64_t first, absl::Span<float> rows) {
  const size_t dim = static_cast<size_t>(options.dim);
  const bool as_half = options.rescoring == VectorStorage::kFp16;
  for (size_t row = 0; row < rows.size() / dim; ++row) {
    SENVEC_RETURN_IF_ERROR(
        CheckRow(options, what, first + static_cast<int64_t>(row), as_half, rows.data() + row * dim));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<float>> CheckedQueries(const VectorIndexOptions& index, int64_t num_rows,
                                                  absl::Span<const float> queries, const VectorSearchOptions& options) {
  SENVEC_RETURN_IF_ERROR(options.Validate());
  const size_t dim = static_cast<size_t>(index.dim);
  if (queries.size() % dim != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(queries.size(), " values are no queries of ", dim, " values; the index has dim ", dim));
  }
  if (options.allowed != nullptr && options.allowed->num_rows() < num_rows) {
    return absl::InvalidArgumentError(absl::StrCat("the filter is for ", options.allowed->num_rows(),
                                                   " rows, the index has ", num_rows));
  }
  std::vector<float> checked(queries.begin(), queries.end());
  VectorIndexOptions as_floats = index;
  as_floats.rescoring = VectorStorage::kFp32;  // queries stay as they are
  SENVEC_RETURN_IF_ERROR(CheckRows(as_floats, "query", 0, absl::MakeSpan(checked)));
  return checked;
}

absl::StatusOr<std::vector<float>> CheckedRangeQuery(const VectorIndexOptions& index, int64_t num_rows,
                                                     absl::Span<const float> query, float min_score,
                                                     const VectorSearchOptions& options) {
  if (std::isnan(min_score)) return absl::InvalidArgumentError("min_score is not a number");
  if (query.size() != static_cast<size_t>(index.dim)) {
    return absl::InvalidArgumentError(
        absl::StrCat("a range search takes one query of ", index.dim, " values, not ", query.size()));
  }
  return CheckedQueries(index, num_rows, query, options);
}

}  // namespace senvec
