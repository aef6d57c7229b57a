#include "service/rpc/document_calls.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "base/hash.h"
#include "base/status_macros.h"
#include "service/rpc/collection_messages.h"
#include "service/rpc/embed_task.h"
#include "service/rpc/requests.h"

namespace senvec {
namespace {

// What the documents' texts are encoded as; every document is checked.
absl::StatusOr<EmbedTask> TaskOf(const RpcContext& context, const v1::UpsertDocumentsRequest& request,
                                 const CollectionOptions& options) {
  SENVEC_RETURN_IF_ERROR(CheckCount("documents", request.documents_size(), context.limits));
  SENVEC_RETURN_IF_ERROR(WriteOptionsOf(request.durability()).status());
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
    Document document{.id = message.id(), .text = message.text(), .metadata_json = message.metadata_json(),
                      .group = message.group(), .vector = {}};
    const bool is_text = !message.has_vector();
    const float* row = is_text ? embedded.rows.data() + next * dim : message.vector().values().data();
    document.vector.assign(row, row + dim);
    response->add_num_tokens(is_text ? embedded.num_tokens[next] : 0);
    response->add_num_truncated(is_text ? embedded.num_truncated[next] : 0);
    next += is_text;
    documents.push_back(std::move(document));
  }
  SENVEC_ASSIGN_OR_RETURN(const WriteOptions options, WriteOptionsOf(request.durability()));
  SENVEC_ASSIGN_OR_RETURN(const int64_t inserted, collection.Upsert(documents, options));
  response->set_num_inserted(inserted);
  response->set_num_replaced(static_cast<int64_t>(documents.size()) - inserted);
  return absl::OkStatus();
}

template <typename Response>
void NameModel(const CollectionOptions& options, Response* response) {
  response->set_model_fingerprint(options.model_fingerprint);
  response->set_whitening_fingerprint(options.whitening_fingerprint);
}

// An answer grows until it would have more bytes than one may.
class AnswerBytes {
 public:
  explicit AnswerBytes(const RpcLimits& limits) : limits_(limits) {}
  // False when `message` is too much.
  bool Add(const v1::Document& message) {
    bytes_ += static_cast<int64_t>(message.ByteSizeLong());
    return bytes_ <= limits_.max_answer_bytes;
  }

 private:
  const RpcLimits& limits_;
  int64_t bytes_ = 0;
};

// "0123456789abcdef" + the last id: the first part is of what the pages belong to.
std::string PageMark(const v1::ListDocumentsRequest& request) {
  const std::string what = absl::StrCat(request.collection(), absl::string_view("\0", 1), request.filter());
  return absl::StrFormat("%016x", Checksum64(what));
}

absl::StatusOr<std::string> AfterId(const v1::ListDocumentsRequest& request) {
  if (request.page_token().empty()) return request.after_id();
  if (!request.after_id().empty()) return absl::InvalidArgumentError("after_id and page_token are both set; give one of them");
  absl::string_view token = request.page_token();
  if (absl::ConsumePrefix(&token, PageMark(request)) && !token.empty()) return std::string(token);
  return absl::InvalidArgumentError(
      "page_token is not of this list: send next_page_token as it came, with the same collection and filter");
}

// A sync for each of many writes would take long: all are written relaxed, and the last one durably.
class MetadataUpdates {
 public:
  MetadataUpdates(Collection& collection, const v1::UpdateMetadataRequest& request, const WriteOptions& options)
      : collection_(collection), request_(request), options_(options) {}

  absl::Status Run(v1::UpdateMetadataResponse* response) {
    const int last = request_.updates_size() - 1;
    int last_applied = -1;
    for (int i = 0; i <= last; ++i) {
      const absl::Status status = Apply(i, i == last);
      if (status.ok()) {
        last_applied = i;
        response->set_num_updated(response->num_updated() + 1);
      } else if (absl::IsNotFound(status) || absl::IsInvalidArgument(status)) {
        v1::ItemError* error = response->add_errors();
        error->set_index(i);
        error->set_code(status.raw_code());
        error->set_message(absl::StrCat("updates[", i, "]: ", status.message()));
      } else {
        return status;
      }
    }
    if (last_applied < 0 || last_applied == last || !options_.durable) return absl::OkStatus();
    // The last one was bad. A merge that is done twice gives the same; a document that has gone meanwhile was removed by
    // a later write, which takes the ones before it to the disk.
    const absl::Status status = Apply(last_applied, true);
    return absl::IsNotFound(status) ? absl::OkStatus() : status;
  }

 private:
  absl::Status Apply(int i, bool is_last) {
    WriteOptions options = options_;
    options.durable = options.durable && is_last;
    return collection_.UpdateMetadata(request_.updates(i).id(), request_.updates(i).patch_json(), options);
  }

  Collection& collection_;
  const v1::UpdateMetadataRequest& request_;
  const WriteOptions options_;
};

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
  SENVEC_ASSIGN_OR_RETURN(const WriteOptions options, WriteOptionsOf(request.durability()));
  if (!request.filter().empty()) {
    if (request.ids_size() > 0) return absl::InvalidArgumentError("ids and filter are both set; give one of them");
    SENVEC_ASSIGN_OR_RETURN(const int64_t deleted, collection->DeleteMatching(request.filter(), options));
    response->set_num_deleted(deleted);
    return absl::OkStatus();
  }
  SENVEC_RETURN_IF_ERROR(CheckCount("ids", request.ids_size(), context.limits));
  const std::vector<std::string> ids(request.ids().begin(), request.ids().end());
  SENVEC_ASSIGN_OR_RETURN(const int64_t deleted, collection->Delete(ids, options));
  response->set_num_deleted(deleted);
  return absl::OkStatus();
}

absl::Status HandleUpdateMetadata(const RpcContext& context, const v1::UpdateMetadataRequest& request,
                                  v1::UpdateMetadataResponse* response) {
  SENVEC_ASSIGN_OR_RETURN(const auto collection, context.store->Get(request.collection()));
  SENVEC_ASSIGN_OR_RETURN(const WriteOptions options, WriteOptionsOf(request.durability()));
  SENVEC_RETURN_IF_ERROR(CheckCount("updates", request.updates_size(), context.limits));
  return MetadataUpdates(*collection, request, options).Run(response);
}

absl::Status HandleGet(const RpcContext& context, const v1::GetDocumentsRequest& request,
                       v1::GetDocumentsResponse* response) {
  SENVEC_ASSIGN_OR_RETURN(const auto collection, context.store->Get(request.collection()));
  SENVEC_RETURN_IF_ERROR(CheckCount("ids", request.ids_size(), context.limits));
  DocumentParts parts = PartsOf(request);
  parts.vector = request.with_vectors();
  AnswerBytes bytes(context.limits);
  for (const std::string& id : request.ids()) {
    SENVEC_ASSIGN_OR_RETURN(auto found, collection->Get(absl::MakeConstSpan(&id, 1), parts.vector));
    if (!found[0].has_value()) {
      response->add_missing_ids(id);
      continue;
    }
    v1::Document& message = *response->add_documents() = DocumentMessage(*std::move(found[0]), parts);
    if (!bytes.Add(message)) return AnswerTooLarge("ask for fewer ids", context.limits);
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
  SENVEC_ASSIGN_OR_RETURN(const std::string after_id, AfterId(request));
  DocumentParts parts = PartsOf(request);
  parts.vector = request.with_vectors();
  // One more, to know whether this is the last page.
  SENVEC_ASSIGN_OR_RETURN(auto documents, collection->Scan({.after_id = after_id, .limit = limit + 1, .filter = request.filter(),
                                                            .with_vectors = parts.vector}));
  AnswerBytes bytes(context.limits);
  for (Document& document : documents) {
    v1::Document message = DocumentMessage(std::move(document), parts);
    const bool is_full = response->documents_size() == limit || !bytes.Add(message);
    if (is_full && response->documents_size() == 0) return AnswerTooLarge("leave texts or vectors out", context.limits);
    if (is_full) {
      response->set_next_page_token(absl::StrCat(PageMark(request), response->documents().rbegin()->id()));
      break;
    }
    *response->add_documents() = std::move(message);
  }
  NameModel(collection->options(), response);
  return absl::OkStatus();
}

absl::Status HandleCount(const RpcContext& context, const v1::CountDocumentsRequest& request,
                         v1::CountDocumentsResponse* response) {
  SENVEC_ASSIGN_OR_RETURN(const auto collection, context.store->Get(request.collection()));
  SENVEC_ASSIGN_OR_RETURN(const int64_t count, collection->Count(request.filter()));
  response->set_count(count);
  return absl::OkStatus();
}

}  // namespace senvec
