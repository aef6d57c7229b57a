#include "service/rpc/search_call.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "service/rpc/embed_task.h"
#include "service/rpc/requests.h"

namespace senvec {
namespace {

// What the queries' texts are encoded as; every query is checked.
absl::StatusOr<EmbedTask> TaskOf(const RpcContext& context, const v1::SearchRequest& request,
                                 const CollectionOptions& options) {
  SENVEC_RETURN_IF_ERROR(CheckCount("queries", request.queries_size(), context.limits));
  SENVEC_RETURN_IF_ERROR(CheckHits(request.queries_size(), request.k(), context.limits));
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

void AddHits(const std::vector<Hit>& hits, v1::SearchResponse::Hits* list) {
  for (const Hit& hit : hits) {
    v1::Hit* message = list->add_hits();
    message->set_id(hit.id);
    message->set_score(hit.score);
    message->set_text(hit.text);
    message->set_metadata_json(hit.metadata_json);
  }
}

// One query after the other, so that a caller who leaves stops the work and an answer cannot outgrow memory.
absl::Status SearchEach(const RpcContext& context, const v1::SearchRequest& request, const Caller& caller,
                        const Collection& collection, const EmbedResult& embedded, v1::SearchResponse* response) {
  const size_t dim = static_cast<size_t>(collection.options().index.dim);
  size_t next_text = 0;
  int64_t bytes = 0;
  for (const v1::Query& query : request.queries()) {
    SENVEC_RETURN_IF_ERROR(caller.Check(context.now()));
    const bool is_text = query.has_text();
    const float* row = is_text ? embedded.rows.data() + next_text * dim : query.vector().values().data();
    SENVEC_ASSIGN_OR_RETURN(const auto results, collection.Search(absl::MakeConstSpan(row, dim), request.k()));
    v1::SearchResponse::Hits* list = response->add_results();
    AddHits(results[0], list);
    response->add_num_tokens(is_text ? embedded.num_tokens[next_text] : 0);
    response->add_num_truncated(is_text ? embedded.num_truncated[next_text] : 0);
    next_text += is_text;
    bytes += static_cast<int64_t>(list->ByteSizeLong());
    if (bytes > context.limits.max_answer_bytes) {
      return AnswerTooLarge("lower k or split the queries over several calls", context.limits);
    }
  }
  return absl::OkStatus();
}

void NameModel(const RpcContext& context, const CollectionOptions& options, bool has_texts,
               v1::SearchResponse* response) {
  response->set_model_fingerprint(options.model_fingerprint);
  response->set_whitening_fingerprint(options.whitening_fingerprint);
  if (has_texts) response->set_precision(context.encoder->info().precision);
}

}  // namespace

void HandleSearch(const RpcContext& context, const v1::SearchRequest& request, Caller caller,
                  v1::SearchResponse* response, std::function<void(absl::Status)> done) {
  const absl::Time start = context.now();
  absl::StatusOr<std::shared_ptr<Collection>> collection = context.store->Get(request.collection());
  if (!collection.ok()) return done(collection.status());
  absl::StatusOr<EmbedTask> task = TaskOf(context, request, (*collection)->options());
  if (!task.ok()) return done(task.status());
  task->caller = caller;
  EmbedThenWork(
      context, *std::move(task),
      [&context, &request, caller, start, response, collection = *collection](const EmbedResult& embedded) {
        const absl::Time search_start = context.now();
        SENVEC_RETURN_IF_ERROR(SearchEach(context, request, caller, *collection, embedded, response));
        NameModel(context, collection->options(), !embedded.statuses.empty(), response);
        const absl::Time end = context.now();
        *response->mutable_timings() = TimingsMessage(embedded, end - search_start, end - start);
        return absl::OkStatus();
      },
      std::move(done));
}

}  // namespace senvec
