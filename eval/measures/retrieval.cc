#include "eval/measures/retrieval.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

double Discounted(const std::vector<double>& gains, size_t k) {
  double sum = 0;
  for (size_t i = 0; i < std::min(k, gains.size()); ++i) {
    if (gains[i] > 0) sum += gains[i] / std::log2(static_cast<double>(i) + 2);
  }
  return sum;
}

bool HasAnswer(const JudgedQuery& query) {
  return std::any_of(query.relevant.begin(), query.relevant.end(), [](double g) { return g > 0; });
}

absl::Status CheckGains(const std::vector<double>& gains, size_t query) {
  for (const double gain : gains) {
    if (std::isfinite(gain)) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("query ", query, " has a document of relevance ", gain));
  }
  return absl::OkStatus();
}

}  // namespace

QueryMeasures MeasureQuery(const JudgedQuery& query, int k) {
  QueryMeasures result;
  std::vector<double> ideal = query.relevant;
  std::sort(ideal.begin(), ideal.end(), std::greater<>());
  const auto relevant =
      std::count_if(ideal.begin(), ideal.end(), [](double gain) { return gain > 0; });
  if (relevant == 0) return result;
  const size_t depth = std::min(static_cast<size_t>(k), query.hits.size());
  int64_t found = 0;
  for (size_t i = 0; i < depth; ++i) {
    if (query.hits[i] <= 0) continue;
    ++found;
    const double rank = static_cast<double>(i + 1);
    if (found == 1) result.reciprocal_rank = 1 / rank;
    result.average_precision += static_cast<double>(found) / rank;
  }
  result.hit = found > 0 ? 1 : 0;
  result.recall = static_cast<double>(found) / static_cast<double>(relevant);
  result.average_precision /= static_cast<double>(relevant);
  result.ndcg = Discounted(query.hits, k) / Discounted(ideal, k);
  return result;
}

absl::StatusOr<RetrievalMeasures> MeasureRetrieval(absl::Span<const JudgedQuery> queries, int k) {
  if (k < 1) return absl::InvalidArgumentError(absl::StrCat("measures within the first ", k));
  RetrievalMeasures result;
  for (size_t q = 0; q < queries.size(); ++q) {
    SENVEC_RETURN_IF_ERROR(CheckGains(queries[q].hits, q));
    SENVEC_RETURN_IF_ERROR(CheckGains(queries[q].relevant, q));
    if (!HasAnswer(queries[q])) {
      ++result.queries_without_answer;
      continue;
    }
    ++result.num_queries;
    const QueryMeasures one = MeasureQuery(queries[q], k);
    result.mean.hit += one.hit;
    result.mean.recall += one.recall;
    result.mean.reciprocal_rank += one.reciprocal_rank;
    result.mean.average_precision += one.average_precision;
    result.mean.ndcg += one.ndcg;
  }
  if (result.num_queries == 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("none of ", queries.size(), " queries has a relevant document"));
  }
  for (double* sum : {&result.mean.hit, &result.mean.recall, &result.mean.reciprocal_rank,
                      &result.mean.average_precision, &result.mean.ndcg}) {
    *sum /= static_cast<double>(result.num_queries);
  }
  return result;
}

}  // namespace senvec
