#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/types/span.h"
#include "base/json.h"
#include "eval/measures/retrieval.h"
#include "eval/task.h"
#include "eval/top_hits.h"

namespace senvec {

// A retrieval set's vectors.
struct RetrievalVectors {
  absl::Span<const float> raw_documents, raw_queries;  // as encoded, n × raw_dim
  int64_t raw_dim = 0;
  absl::Span<const float> documents, queries;  // as measured, n × dim, of length 1
  int64_t dim = 0;
};

// What helps against hubs: the same queries with and without each remedy, as part of a report. A list of {"name",
// "ndcg_10", "mrr_10", "recall_10", "skewness", "robin_hood", "antihub_share"} over the first ten hits:
//   "off"         cosines as measured
//   "full"        whitened with β=γ=1, all components     } fitted on the corpus' vectors as encoded; left out where
//   "full_small"  β=γ=1, k = 256 or ⅔ of the dimension    } what is measured is whitened already
//   "small"       β=γ=0, the same k                       }
//   "csls"        cos − r/2, r = the mean cosine of the document and the ten documents nearest to it (METHODS 5.3)
//   "csls_queries"  the same with the ten nearest of the queries; a server would take a sample of past ones
// What cannot be tried is left out with a note. `judge` says what hits are worth.
nlohmann::json RemediesReport(const RetrievalVectors& vectors, const TaskContext& context,
                              const std::function<std::vector<JudgedQuery>(const TopHits&)>& judge,
                              nlohmann::json& notes);

}  // namespace senvec
