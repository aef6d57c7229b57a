// A corpus, queries and judgments: what is found where, and which documents stand in the way.
#include <algorithm>
#include <cmath>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "eval/measures/hubness.h"
#include "eval/measures/retrieval.h"
#include "eval/retrieval_remedies.h"
#include "eval/task.h"
#include "eval/task_json.h"
#include "eval/top_hits.h"

namespace senvec {
namespace {

constexpr int kDepths[] = {1, 3, 5, 10, 20, 50, 100};
constexpr int kDeepest = 100;
constexpr int kHubLists = 10;   // hubness is that of the first ten hits
constexpr int kHubsShown = 10;
constexpr size_t kWorst = 10;
constexpr int64_t kBars = 40;   // of the hub distribution, at most

std::vector<std::string> Texts(const std::vector<NamedText>& named) {
  std::vector<std::string> texts;
  for (const NamedText& text : named) texts.push_back(text.text);
  return texts;
}

// Relevance by query and document, and each query's relevant documents.
class Judged {
 public:
  explicit Judged(const RetrievalSet& set) : relevant_(set.queries.size()), by_document_(set.queries.size()) {
    for (const Judgment& judgment : set.judgments) {
      if (judgment.document >= 0) by_document_[judgment.query][judgment.document] = judgment.relevance;
      if (judgment.relevance > 0) relevant_[judgment.query].push_back(judgment);
    }
  }

  std::vector<JudgedQuery> Judge(const TopHits& hits) const {
    std::vector<JudgedQuery> queries(relevant_.size());
    for (size_t q = 0; q < queries.size(); ++q) {
      for (int64_t i = 0; i < hits.k; ++i) {
        const auto found = by_document_[q].find(hits.documents[q * hits.k + i]);
        queries[q].hits.push_back(found == by_document_[q].end() ? 0.0 : found->second);
      }
      for (const Judgment& judgment : relevant_[q]) queries[q].relevant.push_back(judgment.relevance);
    }
    return queries;
  }

  const std::vector<Judgment>& relevant(size_t query) const { return relevant_[query]; }

 private:
  std::vector<std::vector<Judgment>> relevant_;
  std::vector<absl::flat_hash_map<int64_t, double>> by_document_;
};

nlohmann::json ToJson(const QueryMeasures& m) {
  return {{"hit", m.hit}, {"recall", m.recall}, {"mrr", m.reciprocal_rank}, {"map", m.average_precision}, {"ndcg", m.ndcg}};
}

// {"1": {…}, …}; intervals of nDCG and MRR at ten.
absl::StatusOr<nlohmann::json> Measures(const std::vector<JudgedQuery>& queries,
                                        const TaskContext& context, nlohmann::json& items) {
  nlohmann::json out;
  for (const int k : kDepths) {
    SENVEC_ASSIGN_OR_RETURN(const RetrievalMeasures measures, MeasureRetrieval(queries, k));
    out["at"][absl::StrCat(k)] = ToJson(measures.mean);
    out["queries"] = measures.num_queries;
    out["queries_without_answer"] = measures.queries_without_answer;
  }
  std::vector<double> ndcg, mrr;
  for (const JudgedQuery& query : queries) {
    if (query.relevant.empty()) continue;
    const QueryMeasures one = MeasureQuery(query, 10);
    ndcg.push_back(one.ndcg);
    mrr.push_back(one.reciprocal_rank);
  }
  RandomBits random(context.seed);
  const auto interval = BootstrapMean(ndcg, std::max(1, context.resamples), random);
  if (interval.ok()) out["ndcg_10_interval"] = ToJson(*interval);
  items = {{"ndcg_10", ndcg}, {"mrr_10", mrr}};
  return out;
}

nlohmann::json HubnessReport(const RetrievalSet& set, const TopHits& hits, nlohmann::json& notes) {
  const int64_t k = std::min<int64_t>(kHubLists, hits.k);
  std::vector<int64_t> lists;
  for (size_t q = 0; q < set.queries.size(); ++q) {
    const auto begin = hits.documents.begin() + static_cast<int64_t>(q) * hits.k;
    lists.insert(lists.end(), begin, begin + k);
  }
  const auto counts = CountOccurrences(lists, static_cast<int64_t>(set.documents.size()));
  const auto measured = counts.ok() ? MeasureHubness(*counts, kHubsShown)
                                    : absl::StatusOr<Hubness>(counts.status());
  if (!measured.ok()) {
    notes.push_back(absl::StrCat("hubness: ", measured.status().message()));
    return nullptr;
  }
  nlohmann::json hubs = nlohmann::json::array();
  for (const int64_t hub : measured->hubs) {
    hubs.push_back({{"id", set.documents[hub].id},
                    {"lists", (*counts)[hub]},
                    {"text", Shortened(set.documents[hub].text, 120)}});
  }
  // How many documents are in 0 … w − 1 lists, w … 2w − 1 and so on.
  const int64_t most = *std::max_element(counts->begin(), counts->end());
  const int64_t width = most / kBars + 1;
  std::vector<int64_t> distribution(most / width + 1);
  for (const int64_t count : *counts) ++distribution[count / width];
  return {{"k", k},
          {"skewness", measured->skewness},
          {"robin_hood", measured->robin_hood},
          {"antihub_share", measured->antihub_share},
          {"hub_share", measured->hub_share},
          {"hubs", hubs},
          {"distribution_width", width},
          {"distribution", distribution}};
}

// Queries whose first relevant document comes last, with what stood in its place.
nlohmann::json WorstQueries(const RetrievalSet& set, const Judged& judged, const TopHits& hits,
                            const std::vector<JudgedQuery>& queries) {
  std::vector<std::pair<int64_t, size_t>> ranks;  // −rank of the first relevant hit, query
  for (size_t q = 0; q < queries.size(); ++q) {
    if (queries[q].relevant.empty()) continue;
    const auto first = std::find_if(queries[q].hits.begin(), queries[q].hits.end(),
                                    [](double gain) { return gain > 0; });
    ranks.emplace_back(-(first - queries[q].hits.begin() + 1), q);
  }
  const size_t shown = std::min(kWorst, ranks.size());
  std::partial_sort(ranks.begin(), ranks.begin() + shown, ranks.end());
  nlohmann::json out = nlohmann::json::array();
  for (size_t i = 0; i < shown; ++i) {
    const size_t q = ranks[i].second;
    const int64_t rank = -ranks[i].first;
    const int64_t document = judged.relevant(q)[0].document;
    out.push_back({{"id", set.queries[q].id},
                   {"query", Shortened(set.queries[q].text)},
                   {"rank", rank > hits.k ? nlohmann::json(nullptr) : nlohmann::json(rank)},
                   {"wanted", document < 0 ? "" : Shortened(set.documents[document].text)},
                   {"found", Shortened(set.documents[hits.documents[q * hits.k]].text)},
                   {"score", hits.scores[q * hits.k]}});
  }
  return out;
}

// Vectors of length 1 are all reachable but for equal ones (METHODS 10): those are counted.
int64_t CountEqual(const RowsView& rows) {
  absl::flat_hash_set<absl::string_view> seen;
  int64_t equal = 0;
  for (int64_t i = 0; i < rows.size(); ++i) {
    const auto row = rows[i];
    equal += !seen.insert({reinterpret_cast<const char*>(row.data()), row.size() * sizeof(float)}).second;
  }
  return equal;
}

}  // namespace

absl::StatusOr<TaskResult> RunRetrievalTask(const TaskConfig& config, const RetrievalSet& set,
                                            const TaskContext& context) {
  const SentenceEncoder& encoder = context.vectors->encoder();
  const int64_t raw_dim = encoder.info().dim;
  const std::string passage = PromptOrNone(encoder, config.passage_prompt);
  const std::string query = PromptOrNone(encoder, config.query_prompt);
  SENVEC_ASSIGN_OR_RETURN(const std::vector<float> raw_documents, context.vectors->Get(Texts(set.documents), passage));
  const std::vector<float> documents = WhitenAndNormalize(raw_documents, raw_dim, context.whitening);
  SENVEC_ASSIGN_OR_RETURN(const std::vector<float> raw_queries, context.vectors->Get(Texts(set.queries), query));
  const std::vector<float> queries = WhitenAndNormalize(raw_queries, raw_dim, context.whitening);
  const int64_t dim = static_cast<int64_t>(documents.size() / set.documents.size());
  SENVEC_RETURN_IF_ERROR(context.Check());
  const TopHits hits = FindTopHits(documents, queries, dim, kDeepest, *context.pool);
  SENVEC_RETURN_IF_ERROR(context.Check());
  const Judged judged(set);
  const std::vector<JudgedQuery> outcome = judged.Judge(hits);
  nlohmann::json notes = nlohmann::json::array();
  TaskResult result;
  SENVEC_ASSIGN_OR_RETURN(result.report["retrieval"], Measures(outcome, context, result.items));
  result.report["query_prompt"] = query;
  result.report["passage_prompt"] = passage;
  result.report["documents"] = set.documents.size();
  result.report["judgments"] = set.judgments.size();
  result.report["absent_documents"] = set.absent_documents;
  result.report["hubness"] = HubnessReport(set, hits, notes);
  if (context.search_whitening) {
    result.report["remedies"] = RemediesReport({raw_documents, raw_queries, raw_dim, documents, queries, dim}, context,
                                               [&](const TopHits& tried) { return judged.Judge(tried); }, notes);
    SENVEC_RETURN_IF_ERROR(context.Check());
  }
  RandomBits random(context.seed);
  const RowsView rows{documents, dim};
  result.report["geometry"] = GeometryJson(rows, random, notes);
  result.report["unreachable"] = {{"equal_to_another", CountEqual(rows)}, {"inside_the_hull", 0}};
  result.report["worst"] = WorstQueries(set, judged, hits, outcome);
  result.report["notes"] = notes;
  return result;
}

}  // namespace senvec
