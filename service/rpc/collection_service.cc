#include "service/rpc/collection_service.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "service/rpc/embed_task.h"
#include "service/rpc/requests.h"
#include "service/rpc/unary_call.h"

namespace senvec {
namespace {

// Answers a call with what `work` returns, from the work queue.
void RunOnQueue(const RpcContext& context, UnaryCall* call, std::function<absl::Status()> work) {
  const absl::Status submitted = context.work->Submit([call, is_cancelled = call->IsCancelled(), work = std::move(work)] {
    call->Answer(is_cancelled() ? absl::CancelledError("the caller cancelled") : work());
  });
  if (!submitted.ok()) call->Answer(submitted);
}

void SetTimings(const EmbedResult& embedded, absl::Duration search, absl::Duration total, v1::Timings* timings) {
  timings->set_tokenize_us(absl::ToInt64Microseconds(embedded.tokenize));
  timings->set_queue_us(absl::ToInt64Microseconds(embedded.queue));
  timings->set_encode_us(absl::ToInt64Microseconds(embedded.encode));
  timings->set_search_us(absl::ToInt64Microseconds(search));
  timings->set_total_us(absl::ToInt64Microseconds(total));
}

// A call that encodes some texts first and then works on the collection. Lives until it is answered.
struct EncodeThenWork {
  UnaryCall* unary = nullptr;
  std::shared_ptr<Collection> collection;
  EmbedTask task;
  // Gets the texts' vectors, on the work queue.
  std::function<absl::Status(const EmbedResult&)> work;
};

void Run(const RpcContext& context, std::shared_ptr<EncodeThenWork> state) {
  state->task.deadline = state->unary->deadline();
  state->task.is_cancelled = state->unary->IsCancelled();
  StartEmbed(context, std::move(state->task), [&context, state](absl::StatusOr<EmbedResult> result) {
    if (!result.ok()) return state->unary->Answer(result.status());
    auto embedded = std::make_shared<EmbedResult>(*std::move(result));
    const absl::Status submitted =
        context.work->Submit([state, embedded] { state->unary->Answer(state->work(*embedded)); });
    if (!submitted.ok()) state->unary->Answer(submitted);
  });
}

// Checks a vector's length here, so that the message can name the field; values are the index's affair.
absl::Status CheckDim(absl::string_view what, int size, int32_t dim) {
  if (size == dim) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(what, " has ", size, " values; the collection's vectors have ", dim));
}

absl::Status PrepareUpsert(const RpcContext& context, const v1::UpsertDocumentsRequest& request, EncodeThenWork& state) {
  SENVEC_ASSIGN_OR_RETURN(state.collection, context.store->Get(request.collection()));
  SENVEC_RETURN_IF_ERROR(CheckCount("documents", request.documents_size(), context.limits));
  const CollectionOptions& options = state.collection->options();
  for (int i = 0; i < request.documents_size(); ++i) {
    const v1::Document& document = request.documents(i);
    const std::string what = absl::StrCat("documents[", i, "]");
    if (document.id().empty()) return absl::InvalidArgumentError(absl::StrCat(what, ".id is missing"));
    if (document.has_vector()) {
      SENVEC_RETURN_IF_ERROR(CheckDim(what + ".vector", document.vector().values_size(), options.index.dim));
      continue;
    }
    SENVEC_RETURN_IF_ERROR(CheckText(what + ".text", document.text(), context.limits));
    state.task.texts.push_back(document.text());
  }
  if (!state.task.texts.empty()) SENVEC_RETURN_IF_ERROR(CheckModel(options, context.encoder->info()));
  state.task.prompt = options.passage_prompt;
  return absl::OkStatus();
}

absl::Status Upsert(const v1::UpsertDocumentsRequest& request, Collection& collection, const EmbedResult& embedded,
                    v1::UpsertDocumentsResponse* response) {
  const size_t dim = static_cast<size_t>(collection.options().index.dim);
  std::vector<Document> documents;
  size_t next = 0;  // of the embedded texts
  for (const v1::Document& message : request.documents()) {
    Document document{.id = message.id(), .text = message.text(), .metadata_json = message.metadata_json(), .vector = {}};
    if (message.has_vector()) {
      document.vector.assign(message.vector().values().begin(), message.vector().values().end());
      response->add_num_truncated(0);
    } else {
      const auto row = embedded.rows.begin() + next * dim;
      document.vector.assign(row, row + dim);
      response->add_num_truncated(embedded.num_truncated[next++]);
    }
    documents.push_back(std::move(document));
  }
  SENVEC_ASSIGN_OR_RETURN(const int64_t inserted, collection.Upsert(documents));
  response->set_num_inserted(inserted);
  response->set_num_replaced(static_cast<int64_t>(documents.size()) - inserted);
  return absl::OkStatus();
}

absl::Status PrepareSearch(const RpcContext& context, const v1::SearchRequest& request, EncodeThenWork& state) {
  SENVEC_ASSIGN_OR_RETURN(state.collection, context.store->Get(request.collection()));
  SENVEC_RETURN_IF_ERROR(CheckCount("queries", request.queries_size(), context.limits));
  if (request.k() < 1 || request.k() > context.limits.max_k) {
    return absl::InvalidArgumentError(absl::StrCat("k is ", request.k(), "; it must be in [1, ", context.limits.max_k, "]"));
  }
  const CollectionOptions& options = state.collection->options();
  for (int i = 0; i < request.queries_size(); ++i) {
    const v1::Query& query = request.queries(i);
    const std::string what = absl::StrCat("queries[", i, "]");
    switch (query.query_case()) {
      case v1::Query::kVector:
        SENVEC_RETURN_IF_ERROR(CheckDim(what + ".vector", query.vector().values_size(), options.index.dim));
        break;
      case v1::Query::kText:
        SENVEC_RETURN_IF_ERROR(CheckText(what + ".text", query.text(), context.limits));
        state.task.texts.push_back(query.text());
        break;
      case v1::Query::QUERY_NOT_SET:
        return absl::InvalidArgumentError(absl::StrCat(what, " has neither text nor vector"));
    }
  }
  if (!state.task.texts.empty()) SENVEC_RETURN_IF_ERROR(CheckModel(options, context.encoder->info()));
  state.task.prompt = options.query_prompt;
  return absl::OkStatus();
}

absl::Status SearchCollection(const v1::SearchRequest& request, const Collection& collection, const EmbedResult& embedded,
                              v1::SearchResponse* response) {
  const size_t dim = static_cast<size_t>(collection.options().index.dim);
  std::vector<float> rows;
  auto next = embedded.rows.begin();
  for (const v1::Query& query : request.queries()) {
    if (query.has_vector()) {
      rows.insert(rows.end(), query.vector().values().begin(), query.vector().values().end());
    } else {
      rows.insert(rows.end(), next, next + dim);
      next += dim;
    }
  }
  SENVEC_ASSIGN_OR_RETURN(const auto results, collection.Search(rows, request.k()));
  for (const std::vector<Hit>& hits : results) {
    v1::SearchResponse::Hits* list = response->add_results();
    for (const Hit& hit : hits) {
      v1::Hit* message = list->add_hits();
      message->set_id(hit.id);
      message->set_score(hit.score);
      message->set_text(hit.text);
      message->set_metadata_json(hit.metadata_json);
    }
  }
  return absl::OkStatus();
}

absl::Status GetSome(const RpcContext& context, const v1::GetDocumentsRequest& request, v1::GetDocumentsResponse* response) {
  SENVEC_ASSIGN_OR_RETURN(const auto collection, context.store->Get(request.collection()));
  SENVEC_RETURN_IF_ERROR(CheckCount("ids", request.ids_size(), context.limits));
  const std::vector<std::string> ids(request.ids().begin(), request.ids().end());
  SENVEC_ASSIGN_OR_RETURN(const auto documents, collection->Get(ids));
  for (size_t i = 0; i < ids.size(); ++i) {
    if (documents[i].has_value()) {
      *response->add_documents() = DocumentMessage(*documents[i], request.with_vectors());
    } else {
      response->add_missing_ids(ids[i]);
    }
  }
  return absl::OkStatus();
}

absl::Status ListSome(const RpcContext& context, const v1::ListDocumentsRequest& request, v1::ListDocumentsResponse* response) {
  constexpr int32_t kDefaultLimit = 100;
  const int32_t limit = request.limit() == 0 ? kDefaultLimit : request.limit();
  if (limit < 1 || limit > context.limits.max_texts) {
    return absl::InvalidArgumentError(absl::StrCat("limit is ", limit, "; it must be in [1, ", context.limits.max_texts, "]"));
  }
  SENVEC_ASSIGN_OR_RETURN(const auto collection, context.store->Get(request.collection()));
  SENVEC_ASSIGN_OR_RETURN(const auto documents, collection->Scan(request.after_id(), limit));
  for (const Document& document : documents) *response->add_documents() = DocumentMessage(document, request.with_vectors());
  return absl::OkStatus();
}

}  // namespace

void CollectionService::StartCreateCollection(UnaryCall* call, const v1::CreateCollectionRequest* request, v1::CreateCollectionResponse* response) {
  RunOnQueue(*context_, call, [this, request, response]() -> absl::Status {
    SENVEC_ASSIGN_OR_RETURN(const CollectionOptions options, OptionsOf(*request, *context_->encoder));
    SENVEC_ASSIGN_OR_RETURN(const auto collection, context_->store->Create(options));
    *response->mutable_collection() = CollectionMessage(*collection);
    return absl::OkStatus();
  });
}

void CollectionService::StartGetCollection(UnaryCall* call, const v1::GetCollectionRequest* request, v1::GetCollectionResponse* response) {
  RunOnQueue(*context_, call, [this, request, response]() -> absl::Status {
    SENVEC_ASSIGN_OR_RETURN(const auto collection, context_->store->Get(request->name()));
    *response->mutable_collection() = CollectionMessage(*collection);
    return absl::OkStatus();
  });
}

void CollectionService::StartListCollections(UnaryCall* call, const v1::ListCollectionsRequest*, v1::ListCollectionsResponse* response) {
  RunOnQueue(*context_, call, [this, response]() -> absl::Status {
    for (const std::string& name : context_->store->List()) {
      // One that was dropped in between is left out.
      const auto collection = context_->store->Get(name);
      if (collection.ok()) *response->add_collections() = CollectionMessage(**collection);
    }
    for (const CollectionStore::Damaged& damaged : context_->store->damaged()) {
      v1::ListCollectionsResponse::Damaged* message = response->add_damaged();
      message->set_name(damaged.name);
      message->set_error(std::string(damaged.status.message()));
    }
    return absl::OkStatus();
  });
}

void CollectionService::StartDropCollection(UnaryCall* call, const v1::DropCollectionRequest* request, v1::DropCollectionResponse*) {
  RunOnQueue(*context_, call, [this, request] { return context_->store->Drop(request->name()); });
}

void CollectionService::StartUpsertDocuments(UnaryCall* call, const v1::UpsertDocumentsRequest* request, v1::UpsertDocumentsResponse* response) {
  const absl::Time start = context_->now();
  auto state = std::make_shared<EncodeThenWork>();
  state->unary = call;
  if (const absl::Status status = PrepareUpsert(*context_, *request, *state); !status.ok()) {
    return call->Answer(status);
  }
  state->work = [this, start, request, response, collection = state->collection](const EmbedResult& embedded) {
    SENVEC_RETURN_IF_ERROR(Upsert(*request, *collection, embedded, response));
    SetTimings(embedded, absl::ZeroDuration(), context_->now() - start, response->mutable_timings());
    return absl::OkStatus();
  };
  Run(*context_, std::move(state));
}

void CollectionService::StartDeleteDocuments(UnaryCall* call, const v1::DeleteDocumentsRequest* request, v1::DeleteDocumentsResponse* response) {
  RunOnQueue(*context_, call, [this, request, response]() -> absl::Status {
    SENVEC_ASSIGN_OR_RETURN(const auto collection, context_->store->Get(request->collection()));
    SENVEC_RETURN_IF_ERROR(CheckCount("ids", request->ids_size(), context_->limits));
    SENVEC_ASSIGN_OR_RETURN(const int64_t deleted,
                            collection->Delete(std::vector<std::string>(request->ids().begin(), request->ids().end())));
    response->set_num_deleted(deleted);
    return absl::OkStatus();
  });
}

void CollectionService::StartGetDocuments(UnaryCall* call, const v1::GetDocumentsRequest* request, v1::GetDocumentsResponse* response) {
  RunOnQueue(*context_, call, [this, request, response] { return GetSome(*context_, *request, response); });
}

void CollectionService::StartListDocuments(UnaryCall* call, const v1::ListDocumentsRequest* request, v1::ListDocumentsResponse* response) {
  RunOnQueue(*context_, call, [this, request, response] { return ListSome(*context_, *request, response); });
}

void CollectionService::StartSearch(UnaryCall* call, const v1::SearchRequest* request, v1::SearchResponse* response) {
  const absl::Time start = context_->now();
  auto state = std::make_shared<EncodeThenWork>();
  state->unary = call;
  if (const absl::Status status = PrepareSearch(*context_, *request, *state); !status.ok()) {
    return call->Answer(status);
  }
  state->work = [this, start, request, response, collection = state->collection](const EmbedResult& embedded) {
    const absl::Time search_start = context_->now();
    SENVEC_RETURN_IF_ERROR(SearchCollection(*request, *collection, embedded, response));
    const absl::Time end = context_->now();
    SetTimings(embedded, end - search_start, end - start, response->mutable_timings());
    return absl::OkStatus();
  };
  Run(*context_, std::move(state));
}

grpc::ServerUnaryReactor* CollectionService::CreateCollection(grpc::CallbackServerContext* context, const grpc::ByteBuffer* in,
                                             grpc::ByteBuffer* out) {
  return TypedCall<v1::CreateCollectionRequest, v1::CreateCollectionResponse>::Start(
      context, in, out, [this](UnaryCall* call, const v1::CreateCollectionRequest* request, v1::CreateCollectionResponse* response) {
        StartCreateCollection(call, request, response);
      });
}

grpc::ServerUnaryReactor* CollectionService::GetCollection(grpc::CallbackServerContext* context, const grpc::ByteBuffer* in,
                                             grpc::ByteBuffer* out) {
  return TypedCall<v1::GetCollectionRequest, v1::GetCollectionResponse>::Start(
      context, in, out, [this](UnaryCall* call, const v1::GetCollectionRequest* request, v1::GetCollectionResponse* response) {
        StartGetCollection(call, request, response);
      });
}

grpc::ServerUnaryReactor* CollectionService::ListCollections(grpc::CallbackServerContext* context, const grpc::ByteBuffer* in,
                                             grpc::ByteBuffer* out) {
  return TypedCall<v1::ListCollectionsRequest, v1::ListCollectionsResponse>::Start(
      context, in, out, [this](UnaryCall* call, const v1::ListCollectionsRequest* request, v1::ListCollectionsResponse* response) {
        StartListCollections(call, request, response);
      });
}

grpc::ServerUnaryReactor* CollectionService::DropCollection(grpc::CallbackServerContext* context, const grpc::ByteBuffer* in,
                                             grpc::ByteBuffer* out) {
  return TypedCall<v1::DropCollectionRequest, v1::DropCollectionResponse>::Start(
      context, in, out, [this](UnaryCall* call, const v1::DropCollectionRequest* request, v1::DropCollectionResponse* response) {
        StartDropCollection(call, request, response);
      });
}

grpc::ServerUnaryReactor* CollectionService::UpsertDocuments(grpc::CallbackServerContext* context, const grpc::ByteBuffer* in,
                                             grpc::ByteBuffer* out) {
  return TypedCall<v1::UpsertDocumentsRequest, v1::UpsertDocumentsResponse>::Start(
      context, in, out, [this](UnaryCall* call, const v1::UpsertDocumentsRequest* request, v1::UpsertDocumentsResponse* response) {
        StartUpsertDocuments(call, request, response);
      });
}

grpc::ServerUnaryReactor* CollectionService::DeleteDocuments(grpc::CallbackServerContext* context, const grpc::ByteBuffer* in,
                                             grpc::ByteBuffer* out) {
  return TypedCall<v1::DeleteDocumentsRequest, v1::DeleteDocumentsResponse>::Start(
      context, in, out, [this](UnaryCall* call, const v1::DeleteDocumentsRequest* request, v1::DeleteDocumentsResponse* response) {
        StartDeleteDocuments(call, request, response);
      });
}

grpc::ServerUnaryReactor* CollectionService::GetDocuments(grpc::CallbackServerContext* context, const grpc::ByteBuffer* in,
                                             grpc::ByteBuffer* out) {
  return TypedCall<v1::GetDocumentsRequest, v1::GetDocumentsResponse>::Start(
      context, in, out, [this](UnaryCall* call, const v1::GetDocumentsRequest* request, v1::GetDocumentsResponse* response) {
        StartGetDocuments(call, request, response);
      });
}

grpc::ServerUnaryReactor* CollectionService::ListDocuments(grpc::CallbackServerContext* context, const grpc::ByteBuffer* in,
                                             grpc::ByteBuffer* out) {
  return TypedCall<v1::ListDocumentsRequest, v1::ListDocumentsResponse>::Start(
      context, in, out, [this](UnaryCall* call, const v1::ListDocumentsRequest* request, v1::ListDocumentsResponse* response) {
        StartListDocuments(call, request, response);
      });
}

grpc::ServerUnaryReactor* CollectionService::Search(grpc::CallbackServerContext* context, const grpc::ByteBuffer* in,
                                             grpc::ByteBuffer* out) {
  return TypedCall<v1::SearchRequest, v1::SearchResponse>::Start(
      context, in, out, [this](UnaryCall* call, const v1::SearchRequest* request, v1::SearchResponse* response) {
        StartSearch(call, request, response);
      });
}

}  // namespace senvec
