#include "service/rpc/search_call.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "retrieval/collection_scoring.h"
#include "retrieval/meaning_search.h"
#include "service/rpc/collection_messages.h"
#include "service/rpc/embed_task.h"
#include "service/rpc/requests.h"
#include "service/rpc/scoring_messages.h"

namespace senvec {
namespace {

SearchOptions OptionsOf(const v1::SearchRequest& request) {
  SearchOptions options = {.k = request.k(), .ef_search = request.ef_search(), .nprobe = request.nprobe(), .filter = request.filter()};
  if (request.has_min_score()) options.min_score = request.min_score();
  return options;
}

// What is asked for, beside the queries.
struct Plan {
  SearchOptions search;
  std::optional<MeaningSearchOptions> meanings;  // unset: hits are documents
  bool is_calibrated = false;                    // the collection's scoring has a part in it

  int32_t candidates() const {
    if (meanings.has_value()) return meanings->candidates;
    return search.correct_hubs ? search.hub_candidates : search.k;
  }
};

absl::StatusOr<Plan> PlanOf(const RpcContext& context, const v1::SearchRequest& request, const Collection& collection) {
  Plan plan;
  SENVEC_RETURN_IF_ERROR(CheckCount("queries", request.queries_size(), context.limits));
  SENVEC_RETURN_IF_ERROR(CheckHits(request.queries_size(), request.k(), context.limits));
  plan.search = OptionsOf(request);
  SENVEC_RETURN_IF_ERROR(plan.search.Validate());
  SENVEC_RETURN_IF_ERROR(TakeHubCorrection(request, context.limits, plan.search));
  SENVEC_ASSIGN_OR_RETURN(const bool is_for_meanings, IsForMeanings(request));
  if (!is_for_meanings) return plan;
  std::optional<ScoringFile> calibrated;
  if (request.scoring() == v1::SCORING_MARGIN) {
    SENVEC_RETURN_IF_ERROR(CheckCosineMetric(collection.options()));
    SENVEC_ASSIGN_OR_RETURN(calibrated, ScoringOf(collection));
  }
  plan.is_calibrated = calibrated.has_value();
  SENVEC_ASSIGN_OR_RETURN(plan.meanings, MeaningOptionsOf(request, calibrated, context.limits));
  plan.meanings->search = plan.search;
  return plan;
}

// Hits are documents, scored by the metric alone.
bool IsPlain(const v1::SearchRequest& request) {
  return (request.scoring() == v1::SCORING_UNSPECIFIED || request.scoring() == v1::SCORING_METRIC) &&
         (request.group_by() == v1::GROUP_BY_UNSPECIFIED || request.group_by() == v1::GROUP_BY_NONE);
}

// Whether the search takes so little time, some tenth of a millisecond, that handing it to another thread would be a
// large part of it: one vector against a graph, or against few rows.
bool IsShort(const v1::SearchRequest& request, const Collection& collection) {
  constexpr int32_t kMostHits = 100, kMostCandidates = 512;
  constexpr int64_t kFewValues = int64_t{4} << 20, kAutoRows = int64_t{1} << 20;
  if (request.queries_size() != 1 || !request.queries(0).has_vector()) return false;
  if (!request.filter().empty() || !IsPlain(request) || request.k() > kMostHits) return false;
  const VectorIndexOptions& index = collection.options().index;
  if (collection.size() * index.dim <= kFewValues) return true;
  // What kAuto makes of more rows may be lists, of which many are read.
  const bool is_graph = index.kind == IndexKind::kHnsw || (index.kind == IndexKind::kAuto && collection.size() <= kAutoRows);
  return is_graph && std::max(index.ef_search, request.ef_search()) <= kMostCandidates;
}

// What the queries' texts are encoded as; every query is checked. PlanOf() checked their number.
absl::StatusOr<EmbedTask> TaskOf(const RpcContext& context, const v1::SearchRequest& request,
                                 const CollectionOptions& options) {
  EmbedTask task;
  for (int i = 0; i < request.queries_size(); ++i) {
    const v1::Query& query = request.queries(i);
    const std::string what = absl::StrCat("queries[", i, "]");
    switch (query.query_case()) {
      case v1::Query::kVector:
        SENVEC_RETURN_IF_ERROR(CheckVector(what + ".vector", query.vector(), options.index));
        break;
      case v1::Query::kText:
        SENVEC_RETURN_IF_ERROR(CheckText(what + ".text", query.text(), context.limits));
        task.names.push_back(what + ".text");
        task.texts.push_back(query.text());
        break;
      case v1::Query::QUERY_NOT_SET:
        return absl::InvalidArgumentError(absl::StrCat(what, " has neither text nor vector"));
    }
  }
  if (!task.texts.empty()) SENVEC_RETURN_IF_ERROR(CheckModel(options, context.encoder->info()));
  task.prompt = options.query_prompt;
  return task;
}

// The vectors of queries [begin, end) one after the other; `next_text` is the embedded row of the first text among them.
std::vector<float> Rows(const v1::SearchRequest& request, int begin, int end, const EmbedResult& embedded, size_t dim,
                        size_t next_text) {
  std::vector<float> rows;
  rows.reserve(static_cast<size_t>(end - begin) * dim);
  for (int i = begin; i < end; ++i) {
    const v1::Query& query = request.queries(i);
    const float* row = query.has_text() ? embedded.rows.data() + next_text++ * dim : query.vector().values().data();
    rows.insert(rows.end(), row, row + dim);
  }
  return rows;
}

// Queries searched at once: many are faster together, but a caller who leaves stops the work between two steps, and an
// answer cannot outgrow memory by more than a step.
int QueriesAtOnce(int32_t k) {
  constexpr int kMostQueries = 64, kMostHits = 16384;
  return std::clamp(kMostHits / k, 1, kMostQueries);
}

// Searches for some queries and adds what was found for each; returns about how many bytes that has.
absl::StatusOr<int64_t> SearchStep(const Plan& plan, const DocumentParts& parts, const Collection& collection,
                                   const std::vector<float>& rows, v1::SearchResponse* response) {
  int64_t bytes = 0;
  if (!plan.meanings.has_value()) {
    SENVEC_ASSIGN_OR_RETURN(auto results, collection.Search(rows, plan.search));
    for (std::vector<Hit>& hits : results) {
      v1::SearchResponse::Hits* list = response->add_results();
      for (Hit& hit : hits) bytes += FillHit(std::move(hit), parts, list->add_hits());
    }
    return bytes;
  }
  SENVEC_ASSIGN_OR_RETURN(auto results, SearchMeanings(collection, rows, *plan.meanings));
  for (MeaningResult& result : results) {
    bytes += AddMeanings(std::move(result), plan.meanings->margin.has_value(), parts, response->add_results());
  }
  return bytes;
}

absl::Status SearchAll(const RpcContext& context, const v1::SearchRequest& request, const Plan& plan, const Caller& caller,
                       const Collection& collection, const EmbedResult& embedded, v1::SearchResponse* response) {
  const size_t dim = static_cast<size_t>(collection.options().index.dim);
  const DocumentParts parts = PartsOf(request);
  const int step = QueriesAtOnce(plan.candidates());
  size_t next_text = 0;
  int64_t bytes = 0;
  response->mutable_results()->Reserve(request.queries_size());
  for (int begin = 0; begin < request.queries_size(); begin += step) {
    SENVEC_RETURN_IF_ERROR(caller.Check(context.now()));
    const int end = std::min(begin + step, request.queries_size());
    const std::vector<float> rows = Rows(request, begin, end, embedded, dim, next_text);
    SENVEC_ASSIGN_OR_RETURN(const int64_t added, SearchStep(plan, parts, collection, rows, response));
    bytes += added;
    for (int i = begin; i < end; ++i) {
      const bool is_text = request.queries(i).has_text();
      response->add_num_tokens(is_text ? embedded.num_tokens[next_text] : 0);
      response->add_num_truncated(is_text ? embedded.num_truncated[next_text] : 0);
      next_text += is_text;
    }
    if (bytes > context.limits.max_answer_bytes) {
      return AnswerTooLarge("lower k, leave texts out or split the queries over several calls", context.limits);
    }
  }
  if (plan.meanings.has_value() && plan.meanings->margin.has_value()) {
    *response->mutable_margin() = MarginMessage(*plan.meanings->margin);
    response->set_is_calibrated(plan.is_calibrated);
  }
  return absl::OkStatus();
}

// All that follows the encoding of texts; `start` is when the call came.
absl::Status Answer(const RpcContext& context, const v1::SearchRequest& request, const Plan& plan, const Caller& caller,
                    const Collection& collection, const EmbedResult& embedded, absl::Time start,
                    v1::SearchResponse* response) {
  const absl::Time search_start = context.now();
  SENVEC_RETURN_IF_ERROR(SearchAll(context, request, plan, caller, collection, embedded, response));
  const CollectionOptions& options = collection.options();
  response->set_model_fingerprint(options.model_fingerprint);
  response->set_whitening_fingerprint(options.whitening_fingerprint);
  if (!embedded.statuses.empty()) response->set_precision(context.encoder->info().precision);
  const absl::Time end = context.now();
  *response->mutable_timings() = TimingsMessage(embedded, end - search_start, end - start);
  return absl::OkStatus();
}

}  // namespace

std::optional<absl::Status> AnswerShortSearch(const RpcContext& context, const v1::SearchRequest& request,
                                              const Caller& caller, v1::SearchResponse* response) {
  const absl::Time start = context.now();
  const auto collection = context.store->Get(request.collection());
  if (!collection.ok()) return collection.status();
  if (!IsShort(request, **collection)) return std::nullopt;
  const absl::StatusOr<Plan> plan = PlanOf(context, request, **collection);
  if (!plan.ok()) return plan.status();
  const absl::StatusOr<EmbedTask> task = TaskOf(context, request, (*collection)->options());
  if (!task.ok()) return task.status();
  return Answer(context, request, *plan, caller, **collection, EmbedResult(), start, response);
}

void HandleSearch(const RpcContext& context, const v1::SearchRequest& request, Caller caller,
                  v1::SearchResponse* response, std::function<void(absl::Status)> done) {
  const absl::Time start = context.now();
  absl::StatusOr<std::shared_ptr<Collection>> collection = context.store->Get(request.collection());
  if (!collection.ok()) return done(collection.status());
  absl::StatusOr<Plan> plan = PlanOf(context, request, **collection);
  if (!plan.ok()) return done(plan.status());
  absl::StatusOr<EmbedTask> task = TaskOf(context, request, (*collection)->options());
  if (!task.ok()) return done(task.status());
  task->caller = caller;
  EmbedThenWork(
      context, *std::move(task),
      [&context, &request, caller, start, response, plan = *std::move(plan),
       collection = *collection](const EmbedResult& embedded) {
        return Answer(context, request, plan, caller, *collection, embedded, start, response);
      },
      std::move(done));
}

}  // namespace senvec
