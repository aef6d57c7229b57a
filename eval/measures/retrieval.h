#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace senvec {

// One query's answer as judged. A gain is the judged relevance: > 0 is relevant, 0 is not, and so is
// what nobody judged; a negative one counts as 0.
struct JudgedQuery {
  std::vector<double> hits;      // gains of what was found, best hit first
  std::vector<double> relevant;  // gains of every relevant document, found or not, in any order
};

// One query's measures within the first k hits. All in [0, 1], and 0 without a relevant document.
struct QueryMeasures {
  double hit = 0;     // 1 when a relevant document is there
  double recall = 0;  // found relevant documents / relevant documents
  double reciprocal_rank = 0;
  double average_precision = 0;  // Σ precision@i over relevant hits / relevant documents (trec_eval)
  double ndcg = 0;  // gains / log2(rank + 1), over the same sum of the best order (trec_eval)
};
// k ≥ 1.
QueryMeasures MeasureQuery(const JudgedQuery& query, int k);

// Means over the queries that have a relevant document, as trec_eval takes them.
struct RetrievalMeasures {
  int64_t num_queries = 0;              // that the means are over
  int64_t queries_without_answer = 0;   // left out
  QueryMeasures mean;
};
// InvalidArgument for k < 1 or a gain that is not finite; FailedPrecondition when no query has a
// relevant document.
absl::StatusOr<RetrievalMeasures> MeasureRetrieval(absl::Span<const JudgedQuery> queries, int k);

}  // namespace senvec
