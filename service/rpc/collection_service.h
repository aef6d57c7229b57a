#pragma once

#include "senvec/v1/collection.grpc.pb.h"
#include "service/rpc/rpc_context.h"
#include "service/rpc/unary_call.h"

namespace senvec {

// Messages arrive as bytes and are parsed by TypedCall.
using CollectionServiceBase = v1::CollectionService::WithRawCallbackMethod_Search<v1::CollectionService::WithRawCallbackMethod_ListDocuments<v1::CollectionService::WithRawCallbackMethod_GetDocuments<v1::CollectionService::WithRawCallbackMethod_DeleteDocuments<v1::CollectionService::WithRawCallbackMethod_UpsertDocuments<v1::CollectionService::WithRawCallbackMethod_DropCollection<v1::CollectionService::WithRawCallbackMethod_ListCollections<v1::CollectionService::WithRawCallbackMethod_GetCollection<v1::CollectionService::WithRawCallbackMethod_CreateCollection<v1::CollectionService::Service>>>>>>>>>;

// senvec.v1.CollectionService. Texts are encoded with everybody else's; work on a collection runs on the work queue.
// Thread-safe.
class CollectionService : public CollectionServiceBase {
 public:
  // `context` must outlive the service and its calls.
  explicit CollectionService(const RpcContext* context) : context_(context) {}

  grpc::ServerUnaryReactor* CreateCollection(grpc::CallbackServerContext* context, const grpc::ByteBuffer* in,
                                  grpc::ByteBuffer* out) override;
  grpc::ServerUnaryReactor* GetCollection(grpc::CallbackServerContext* context, const grpc::ByteBuffer* in,
                                  grpc::ByteBuffer* out) override;
  grpc::ServerUnaryReactor* ListCollections(grpc::CallbackServerContext* context, const grpc::ByteBuffer* in,
                                  grpc::ByteBuffer* out) override;
  grpc::ServerUnaryReactor* DropCollection(grpc::CallbackServerContext* context, const grpc::ByteBuffer* in,
                                  grpc::ByteBuffer* out) override;
  grpc::ServerUnaryReactor* UpsertDocuments(grpc::CallbackServerContext* context, const grpc::ByteBuffer* in,
                                  grpc::ByteBuffer* out) override;
  grpc::ServerUnaryReactor* DeleteDocuments(grpc::CallbackServerContext* context, const grpc::ByteBuffer* in,
                                  grpc::ByteBuffer* out) override;
  grpc::ServerUnaryReactor* GetDocuments(grpc::CallbackServerContext* context, const grpc::ByteBuffer* in,
                                  grpc::ByteBuffer* out) override;
  grpc::ServerUnaryReactor* ListDocuments(grpc::CallbackServerContext* context, const grpc::ByteBuffer* in,
                                  grpc::ByteBuffer* out) override;
  grpc::ServerUnaryReactor* Search(grpc::CallbackServerContext* context, const grpc::ByteBuffer* in,
                                  grpc::ByteBuffer* out) override;

 private:
  void StartCreateCollection(UnaryCall* call, const v1::CreateCollectionRequest* request, v1::CreateCollectionResponse* response);
  void StartGetCollection(UnaryCall* call, const v1::GetCollectionRequest* request, v1::GetCollectionResponse* response);
  void StartListCollections(UnaryCall* call, const v1::ListCollectionsRequest* request, v1::ListCollectionsResponse* response);
  void StartDropCollection(UnaryCall* call, const v1::DropCollectionRequest* request, v1::DropCollectionResponse* response);
  void StartUpsertDocuments(UnaryCall* call, const v1::UpsertDocumentsRequest* request, v1::UpsertDocumentsResponse* response);
  void StartDeleteDocuments(UnaryCall* call, const v1::DeleteDocumentsRequest* request, v1::DeleteDocumentsResponse* response);
  void StartGetDocuments(UnaryCall* call, const v1::GetDocumentsRequest* request, v1::GetDocumentsResponse* response);
  void StartListDocuments(UnaryCall* call, const v1::ListDocumentsRequest* request, v1::ListDocumentsResponse* response);
  void StartSearch(UnaryCall* call, const v1::SearchRequest* request, v1::SearchResponse* response);

  const RpcContext* const context_;
};

}  // namespace senvec
