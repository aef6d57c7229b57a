#include "service/rpc/document_calls.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "service/rpc/embed_task.h"
#include "service/rpc/requests.h"

namespace senvec {
namespace {

// What the documents' texts are encoded as; every document is checked.
absl::StatusOr<EmbedTask> TaskOf(const RpcContext& context, const v1::UpsertDocumentsRequest& request,
                                 const CollectionOptions& options) {
  SENVEC_RETURN_IF_ERROR(CheckCount("documents", request.documents_size(), context.limits));
  EmbedTask task;
  for (int i = 0; i < request.documents_size(); ++i) {
    const v1::Document& document = request.documents(i);
    const std::string what = absl::StrCat("documents[", i, "]");
    if (document.id().empty()) return absl::InvalidArgumentError(absl::StrCat(what, ".id is missing"));
    if (document.has_vector()) {
      SENVEC_RETURN_IF_ERROR(CheckVector(what + ".vector", document.vector(), options.index));
      SENVEC_RETURN_IF_ERROR(CheckLength(what + ".text", document.text(), context.limits));
      continue;
    }
    SENVEC_RETURN_IF_ERROR(CheckText(what + ".text", document.text(), context.limits));
    task.names.push_back(what + ".text");
    task.texts.push_back(document.text());
  }
  if (!task.texts.empty()) SENVEC_RETURN_IF_ERROR(CheckModel(options, context.encoder->info()));
  task.prompt = options.passage_prompt;
  return task;
}

absl::Status Upsert(const v1::UpsertDocumentsRequest& request, Collection& collection, const EmbedResult& embedded,
                    v1::UpsertDocumentsResponse* response) {
  const size_t dim = static_cast<size_t>(collection.options().index.dim);
  std::vector<Document> documents;
  size_t next = 0;  // of the embedded texts
  for (const v1::Document& message : request.documents()) {
    Document document{.id = message.id(), .text = message.text(), .metadata_json = message.metadata_json(), .vector = {}};
    const bool is_text = !message.has_vector();
    const float* row = is_text ? embedded.rows.data() + next * dim : message.vector().values().data();
    document.vector.assign(row, row + dim);
    response->add_num_tokens(is_text ? embedded.num_tokens[next] : 0);
    response->add_num_truncated(is_text ? embedded.num_truncated[next] : 0);
    next += is_text;
    documents.push_back(std::move(document));
  }
  SENVEC_ASSIGN_OR_RETURN(const int64_t inserted, collection.Upsert(documents));
  response->set_num_inserted(inserted);
  response->set_num_replaced(static_cast<int64_t>(documents.size()) - inserted);
  return absl::OkStatus();
}

template <typename Response>
void NameModel(const CollectionOptions& options, Response* response) {
  response->set_model_fingerprint(options.model_fingerprint);
  response->set_whitening_fingerprint(options.whitening_fingerprint);
}

}  // namespace

void HandleUpsert(const RpcContext& context, const v1::UpsertDocumentsRequest& request, Caller caller,
                  v1::UpsertDocumentsResponse* response, std::function<void(absl::Status)> done) {
  const absl::Time start = context.now();
  absl::StatusOr<std::shared_ptr<Collection>> collection = context.store->Get(request.collection());
  if (!collection.ok()) return done(collection.status());
  absl::StatusOr<EmbedTask> task = TaskOf(context, request, (*collection)->options());
  if (!task.ok()) return done(task.status());
  task->caller = std::move(caller);
  EmbedThenWork(
      context, *std::move(task),
      [&context, &request, start, response, collection = *collection](const EmbedResult& embedded) {
        SENVEC_RETURN_IF_ERROR(Upsert(request, *collection, embedded, response));
        *response->mutable_timings() = TimingsMessage(embedded, absl::ZeroDuration(), context.now() - start);
        return absl::OkStatus();
      },
      std::move(done));
}

absl::Status HandleDelete(const RpcContext& context, const v1::DeleteDocumentsRequest& request,
                          v1::DeleteDocumentsResponse* response) {
  SENVEC_ASSIGN_OR_RETURN(const auto collection, context.store->Get(request.collection()));
  SENVEC_RETURN_IF_ERROR(CheckCount("ids", request.ids_size(), context.limits));
  SENVEC_ASSIGN_OR_RETURN(const int64_t deleted,
                          collection->Delete(std::vector<std::string>(request.ids().begin(), request.ids().end())));
  response->set_num_deleted(deleted);
  return absl::OkStatus();
}

absl::Status HandleGet(const RpcContext& context, const v1::GetDocumentsRequest& request,
                       v1::GetDocumentsResponse* response) {
  SENVEC_ASSIGN_OR_RETURN(const auto collection, context.store->Get(request.collection()));
  SENVEC_RETURN_IF_ERROR(CheckCount("ids", request.ids_size(), context.limits));
  int64_t bytes = 0;
  for (const std::string& id : request.ids()) {
    SENVEC_ASSIGN_OR_RETURN(const auto found, collection->Get(absl::MakeConstSpan(&id, 1)));
    if (!found[0].has_value()) {
      response->add_missing_ids(id);
      continue;
    }
    *response->add_documents() = DocumentMessage(*found[0], request.with_vectors());
    bytes += static_cast<int64_t>(response->documents().rbegin()->ByteSizeLong());
    if (bytes > context.limits.max_answer_bytes) return AnswerTooLarge("ask for fewer ids", context.limits);
  }
  NameModel(collection->options(), response);
  return absl::OkStatus();
}

absl::Status HandleList(const RpcContext& context, const v1::ListDocumentsRequest& request,
                        v1::ListDocumentsResponse* response) {
  constexpr int32_t kDefaultLimit = 100;
  const int32_t limit = request.limit() == 0 ? kDefaultLimit : request.limit();
  if (limit < 1 || limit > context.limits.max_texts) {
    return absl::InvalidArgumentError(absl::StrCat("limit is ", limit, "; it must be in [1, ", context.limits.max_texts, "]"));
  }
  SENVEC_ASSIGN_OR_RETURN(const auto collection, context.store->Get(request.collection()));
  SENVEC_ASSIGN_OR_RETURN(const auto documents, collection->Scan(request.after_id(), limit));
  int64_t bytes = 0;
  for (const Document& document : documents) {
    *response->add_documents() = DocumentMessage(document, request.with_vectors());
    bytes += static_cast<int64_t>(response->documents().rbegin()->ByteSizeLong());
    if (bytes > context.limits.max_answer_bytes) return AnswerTooLarge("lower limit", context.limits);
  }
  NameModel(collection->options(), response);
  return absl::OkStatus();
}

}  // namespace senvec
