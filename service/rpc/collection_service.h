#pragma once

#include "senvec/v1/collection.grpc.pb.h"
#include "service/rpc/rpc_context.h"

namespace senvec {

// senvec.v1.CollectionService. Texts are encoded with everybody else's; work on a collection runs on the work queue.
// Thread-safe.
class CollectionService : public v1::CollectionService::CallbackService {
 public:
  // `context` must outlive the service and its calls.
  explicit CollectionService(const RpcContext* context) : context_(context) {}

  grpc::ServerUnaryReactor* CreateCollection(grpc::CallbackServerContext* call, const v1::CreateCollectionRequest* request,
                                             v1::CreateCollectionResponse* response) override;
  grpc::ServerUnaryReactor* GetCollection(grpc::CallbackServerContext* call, const v1::GetCollectionRequest* request,
                                          v1::GetCollectionResponse* response) override;
  grpc::ServerUnaryReactor* ListCollections(grpc::CallbackServerContext* call, const v1::ListCollectionsRequest* request,
                                            v1::ListCollectionsResponse* response) override;
  grpc::ServerUnaryReactor* DropCollection(grpc::CallbackServerContext* call, const v1::DropCollectionRequest* request,
                                           v1::DropCollectionResponse* response) override;
  grpc::ServerUnaryReactor* UpsertDocuments(grpc::CallbackServerContext* call, const v1::UpsertDocumentsRequest* request,
                                            v1::UpsertDocumentsResponse* response) override;
  grpc::ServerUnaryReactor* DeleteDocuments(grpc::CallbackServerContext* call, const v1::DeleteDocumentsRequest* request,
                                            v1::DeleteDocumentsResponse* response) override;
  grpc::ServerUnaryReactor* GetDocuments(grpc::CallbackServerContext* call, const v1::GetDocumentsRequest* request,
                                         v1::GetDocumentsResponse* response) override;
  grpc::ServerUnaryReactor* ListDocuments(grpc::CallbackServerContext* call, const v1::ListDocumentsRequest* request,
                                          v1::ListDocumentsResponse* response) override;
  grpc::ServerUnaryReactor* Search(grpc::CallbackServerContext* call, const v1::SearchRequest* request,
                                   v1::SearchResponse* response) override;

 private:
  const RpcContext* const context_;
};

}  // namespace senvec
