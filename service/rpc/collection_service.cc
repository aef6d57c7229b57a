#include "service/rpc/collection_service.h"

#include <functional>
#include <utility>

#include "base/status_macros.h"
#include "service/rpc/document_calls.h"
#include "service/rpc/requests.h"
#include "service/rpc/search_call.h"
#include "service/rpc/unary_call.h"

namespace senvec {
namespace {

// Answers a call with what `work` returns, from the work queue.
void RunOnQueue(const RpcContext& context, UnaryCall* call, std::function<absl::Status()> work) {
  const absl::Status submitted =
      context.work->Submit([&context, call, caller = call->caller(), work = std::move(work)] {
        const absl::Status waiting = caller.Check(context.now());
        call->Answer(waiting.ok() ? work() : waiting);
      });
  if (!submitted.ok()) call->Answer(submitted);
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

void CollectionService::StartUpsertDocuments(UnaryCall* call, const v1::UpsertDocumentsRequest* request,
                                             v1::UpsertDocumentsResponse* response) {
  HandleUpsert(*context_, *request, call->caller(), response, [call](const absl::Status& status) { call->Answer(status); });
}

void CollectionService::StartDeleteDocuments(UnaryCall* call, const v1::DeleteDocumentsRequest* request,
                                             v1::DeleteDocumentsResponse* response) {
  RunOnQueue(*context_, call, [this, request, response] { return HandleDelete(*context_, *request, response); });
}

void CollectionService::StartGetDocuments(UnaryCall* call, const v1::GetDocumentsRequest* request,
                                          v1::GetDocumentsResponse* response) {
  RunOnQueue(*context_, call, [this, request, response] { return HandleGet(*context_, *request, response); });
}

void CollectionService::StartListDocuments(UnaryCall* call, const v1::ListDocumentsRequest* request,
                                           v1::ListDocumentsResponse* response) {
  RunOnQueue(*context_, call, [this, request, response] { return HandleList(*context_, *request, response); });
}

void CollectionService::StartSearch(UnaryCall* call, const v1::SearchRequest* request, v1::SearchResponse* response) {
  HandleSearch(*context_, *request, call->caller(), response, [call](const absl::Status& status) { call->Answer(status); });
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
