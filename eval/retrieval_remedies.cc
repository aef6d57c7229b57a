#include "eval/retrieval_remedies.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "eval/measures/hubness.h"
#include "eval/sentence_vectors.h"

namespace senvec {
namespace {

constexpr int kDepth = 10;
constexpr int64_t kNeighbors = 10;
// r costs documents² products; a minute or two on two cores.
constexpr int64_t kMostForCsls = 60000;

absl::StatusOr<nlohmann::json> Measured(const char* name, const TopHits& hits, int64_t documents,
                                        const std::vector<JudgedQuery>& outcome) {
  SENVEC_ASSIGN_OR_RETURN(const RetrievalMeasures measures, MeasureRetrieval(outcome, kDepth));
  SENVEC_ASSIGN_OR_RETURN(const std::vector<int64_t> counts, CountOccurrences(hits.documents, documents));
  SENVEC_ASSIGN_OR_RETURN(const Hubness hubness, MeasureHubness(counts, 1));
  return nlohmann::json{{"name", name},
                        {"ndcg_10", measures.mean.ndcg},
                        {"mrr_10", measures.mean.reciprocal_rank},
                        {"recall_10", measures.mean.recall},
                        {"skewness", hubness.skewness},
                        {"robin_hood", hubness.robin_hood},
                        {"antihub_share", hubness.antihub_share}};
}

// −r/2 of each document, r of the nearest queries.
std::vector<float> QueryOffsets(const RetrievalVectors& vectors, ThreadPool& pool) {
  const TopHits near = FindTopHits(vectors.queries, vectors.documents, vectors.dim, kNeighbors, pool);
  std::vector<float> offsets(near.k == 0 ? 0 : near.scores.size() / near.k);
  for (size_t d = 0; d < offsets.size(); ++d) {
    double sum = 0;
    for (int64_t i = 0; i < near.k; ++i) sum += near.scores[d * near.k + i];
    offsets[d] = static_cast<float>(-sum / static_cast<double>(near.k) / 2);
  }
  return offsets;
}

// −r/2 of each document, r of the nearest documents.
std::vector<float> CslsOffsets(const RetrievalVectors& vectors, ThreadPool& pool) {
  const TopHits near = FindTopHits(vectors.documents, vectors.documents, vectors.dim, kNeighbors + 1, pool);
  const int64_t n = static_cast<int64_t>(vectors.documents.size()) / vectors.dim;
  std::vector<float> offsets(n);
  for (int64_t d = 0; d < n; ++d) {
    // All but the document itself; where equal ones stand before it, all but the last.
    const int64_t* begin = near.documents.data() + d * near.k;
    const int64_t itself = std::min<int64_t>(std::find(begin, begin + near.k, d) - begin, near.k - 1);
    double sum = 0;
    for (int64_t i = 0; i < near.k; ++i) sum += i == itself ? 0.0 : near.scores[d * near.k + i];
    offsets[d] = static_cast<float>(near.k > 1 ? -sum / static_cast<double>(near.k - 1) / 2 : 0);
  }
  return offsets;
}

class Trial {
 public:
  Trial(const RetrievalVectors& vectors, const TaskContext& context,
        const std::function<std::vector<JudgedQuery>(const TopHits&)>& judge, nlohmann::json& notes)
      : vectors_(vectors), context_(context), judge_(judge), notes_(notes) {}

  void Plain(const char* name, absl::Span<const float> offsets) {
    Take(name, FindTopHits(vectors_.documents, vectors_.queries, vectors_.dim, kDepth, *context_.pool, offsets));
  }

  void Whitened(const char* name, const WhiteningStatistics& statistics, const WhiteningOptions& options) {
    const auto whitening = Whitening::Fit(statistics, options, "");
    if (!whitening.ok()) return Note(name, whitening.status());
    const std::vector<float> documents = WhitenAndNormalize(vectors_.raw_documents, vectors_.raw_dim, &*whitening);
    const std::vector<float> queries = WhitenAndNormalize(vectors_.raw_queries, vectors_.raw_dim, &*whitening);
    Take(name, FindTopHits(documents, queries, whitening->output_dim(), kDepth, *context_.pool));
  }

  void Note(const char* name, const absl::Status& status) {
    notes_.push_back(absl::StrCat("remedy ", name, ": ", status.message()));
  }

  nlohmann::json rows = nlohmann::json::array();

 private:
  void Take(const char* name, const TopHits& hits) {
    const int64_t documents = static_cast<int64_t>(vectors_.documents.size()) / vectors_.dim;
    auto row = Measured(name, hits, documents, judge_(hits));
    if (!row.ok()) return Note(name, row.status());
    rows.push_back(*std::move(row));
  }

  const RetrievalVectors& vectors_;
  const TaskContext& context_;
  const std::function<std::vector<JudgedQuery>(const TopHits&)>& judge_;
  nlohmann::json& notes_;
};

}  // namespace

nlohmann::json RemediesReport(const RetrievalVectors& vectors, const TaskContext& context,
                              const std::function<std::vector<JudgedQuery>(const TopHits&)>& judge,
                              nlohmann::json& notes) {
  const int64_t documents = static_cast<int64_t>(vectors.documents.size()) / vectors.dim;
  const int32_t dim = static_cast<int32_t>(vectors.raw_dim);
  Trial trial(vectors, context, judge, notes);
  trial.Plain("off", {});
  if (context.whitening == nullptr && !IsWhitened(context.vectors->encoder())) {
    WhiteningStatistics statistics(dim);
    const int32_t small = SmallDimension(dim);
    if (const absl::Status added = statistics.Add(vectors.raw_documents); !added.ok()) {
      trial.Note("whitening", added);
    } else {
      trial.Whitened("full", statistics, {.k = 0, .beta = 1, .gamma = 1});
      trial.Whitened("full_small", statistics, {.k = small, .beta = 1, .gamma = 1});
      trial.Whitened("small", statistics, {.k = small, .beta = 0, .gamma = 0});
    }
  }
  if (documents > kMostForCsls) {
    trial.Note("csls", absl::FailedPreconditionError(absl::StrCat("left out above ", kMostForCsls, " documents")));
  } else if (context.Check().ok()) {
    trial.Plain("csls", CslsOffsets(vectors, *context.pool));
  }
  if (context.Check().ok()) trial.Plain("csls_queries", QueryOffsets(vectors, *context.pool));
  return trial.rows;
}

}  // namespace senvec
