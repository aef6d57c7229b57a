#include "service/rpc/collection_service.h"

#include <functional>
#include <utility>

#include "service/rpc/collection_calls.h"
#include "service/rpc/document_calls.h"
#include "service/rpc/optimize_stream.h"
#include "service/rpc/scoring_calls.h"
#include "service/rpc/search_call.h"
#include "service/rpc/snapshot_calls.h"

namespace senvec {
namespace {

using Reactor = CollectionService::Reactor;

// A handler that works on the thread it is called on.
template <typename Request, typename Response>
using Handler = absl::Status (*)(const RpcContext&, const Request&, Response*);
// One that calls back when it is done.
template <typename Request, typename Response>
using AsyncHandler = void (*)(const RpcContext&, const Request&, Caller, Response*, std::function<void(absl::Status)>);

// Runs the handler on `queue`, unless the caller has left by then, and answers the call.
template <typename Request, typename Response>
void RunOn(WorkQueue* queue, const RpcContext& context, UnaryCall* call, const Request& request, Response* response,
           Handler<Request, Response> handle) {
  const absl::Status submitted = queue->Submit([&context, call, caller = call->caller(), handle, &request, response] {
    const absl::Status waiting = caller.Check(context.now());
    call->Answer(waiting.ok() ? handle(context, request, response) : waiting);
  });
  if (!submitted.ok()) call->Answer(submitted);
}

template <typename Request, typename Response>
Reactor* OnQueue(WorkQueue* queue, const RpcContext& context, grpc::CallbackServerContext* grpc_context,
                 const grpc::ByteBuffer* in, grpc::ByteBuffer* out, Handler<Request, Response> handle) {
  return TypedCall<Request, Response>::Start(
      grpc_context, in, out, [&, handle](UnaryCall* call, const Request* request, Response* response) {
        RunOn(queue, context, call, *request, response, handle);
      });
}

template <typename Request, typename Response>
Reactor* Async(const RpcContext& context, grpc::CallbackServerContext* grpc_context, const grpc::ByteBuffer* in,
               grpc::ByteBuffer* out, AsyncHandler<Request, Response> handle) {
  return TypedCall<Request, Response>::Start(
      grpc_context, in, out, [&, handle](UnaryCall* call, const Request* request, Response* response) {
        handle(context, *request, call->caller(), response, [call](const absl::Status& status) { call->Answer(status); });
      });
}

}  // namespace

Reactor* CollectionService::CreateCollection(Call* call, const Bytes* in, Bytes* out) {
  return OnQueue(context_->work, *context_, call, in, out, HandleCreateCollection);
}

Reactor* CollectionService::GetCollection(Call* call, const Bytes* in, Bytes* out) {
  return OnQueue(context_->work, *context_, call, in, out, HandleGetCollection);
}

Reactor* CollectionService::ListCollections(Call* call, const Bytes* in, Bytes* out) {
  return OnQueue(context_->work, *context_, call, in, out, HandleListCollections);
}

Reactor* CollectionService::DropCollection(Call* call, const Bytes* in, Bytes* out) {
  return OnQueue(context_->work, *context_, call, in, out, HandleDropCollection);
}

Reactor* CollectionService::SetAlias(Call* call, const Bytes* in, Bytes* out) {
  return OnQueue(context_->work, *context_, call, in, out, HandleSetAlias);
}

Reactor* CollectionService::ListAliases(Call* call, const Bytes* in, Bytes* out) {
  return OnQueue(context_->work, *context_, call, in, out, HandleListAliases);
}

Reactor* CollectionService::CreateSnapshot(Call* call, const Bytes* in, Bytes* out) {
  return OnQueue(context_->long_work, *context_, call, in, out, HandleCreateSnapshot);
}

Reactor* CollectionService::ListSnapshots(Call* call, const Bytes* in, Bytes* out) {
  return OnQueue(context_->work, *context_, call, in, out, HandleListSnapshots);
}

Reactor* CollectionService::RestoreSnapshot(Call* call, const Bytes* in, Bytes* out) {
  return OnQueue(context_->long_work, *context_, call, in, out, HandleRestoreSnapshot);
}

Reactor* CollectionService::DeleteSnapshot(Call* call, const Bytes* in, Bytes* out) {
  return OnQueue(context_->long_work, *context_, call, in, out, HandleDeleteSnapshot);
}

Reactor* CollectionService::UpsertDocuments(Call* call, const Bytes* in, Bytes* out) {
  return Async(*context_, call, in, out, HandleUpsert);
}

// What a filter matches may be much: it must not hold up searches, and a removal by ids must not wait for it.
Reactor* CollectionService::DeleteDocuments(Call* call, const Bytes* in, Bytes* out) {
  return TypedCall<v1::DeleteDocumentsRequest, v1::DeleteDocumentsResponse>::Start(
      call, in, out, [this](UnaryCall* unary, const v1::DeleteDocumentsRequest* request, v1::DeleteDocumentsResponse* response) {
        WorkQueue* queue = request->filter().empty() ? context_->work : context_->long_work;
        RunOn(queue, *context_, unary, *request, response, HandleDelete);
      });
}

Reactor* CollectionService::UpdateMetadata(Call* call, const Bytes* in, Bytes* out) {
  return OnQueue(context_->work, *context_, call, in, out, HandleUpdateMetadata);
}

Reactor* CollectionService::GetDocuments(Call* call, const Bytes* in, Bytes* out) {
  return OnQueue(context_->work, *context_, call, in, out, HandleGet);
}

Reactor* CollectionService::ListDocuments(Call* call, const Bytes* in, Bytes* out) {
  return OnQueue(context_->work, *context_, call, in, out, HandleList);
}

Reactor* CollectionService::CountDocuments(Call* call, const Bytes* in, Bytes* out) {
  return OnQueue(context_->work, *context_, call, in, out, HandleCount);
}

Reactor* CollectionService::Search(Call* call, const Bytes* in, Bytes* out) {
  const RpcContext& context = *context_;
  return TypedCall<v1::SearchRequest, v1::SearchResponse>::Start(
      call, in, out,
      [&context](const Caller& caller, const v1::SearchRequest& request, v1::SearchResponse* response) {
        return AnswerShortSearch(context, request, caller, response);
      },
      [&context](UnaryCall* unary, const v1::SearchRequest* request, v1::SearchResponse* response) {
        HandleSearch(context, *request, unary->caller(), response,
                     [unary](const absl::Status& status) { unary->Answer(status); });
      });
}

Reactor* CollectionService::SetScoring(Call* call, const Bytes* in, Bytes* out) {
  return OnQueue(context_->work, *context_, call, in, out, HandleSetScoring);
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* CollectionService::OptimizeCollection(Call*, const Bytes* in) {
  return StartOptimizeStream(context_, in);
}

}  // namespace senvec
