#pragma once

#include "senvec/v1/collection.grpc.pb.h"
#include "service/rpc/rpc_context.h"
#include "service/rpc/unary_call.h"

namespace senvec {

// Messages arrive as bytes and are parsed by TypedCall: gRPC's generated mix-ins, one for each method, one on the other.
namespace collection_service_internal {
using Raw0 = v1::CollectionService::WithRawCallbackMethod_CreateCollection<v1::CollectionService::Service>;
using Raw1 = v1::CollectionService::WithRawCallbackMethod_GetCollection<Raw0>;
using Raw2 = v1::CollectionService::WithRawCallbackMethod_ListCollections<Raw1>;
using Raw3 = v1::CollectionService::WithRawCallbackMethod_DropCollection<Raw2>;
using Raw4 = v1::CollectionService::WithRawCallbackMethod_SetAlias<Raw3>;
using Raw5 = v1::CollectionService::WithRawCallbackMethod_ListAliases<Raw4>;
using Raw6 = v1::CollectionService::WithRawCallbackMethod_CreateSnapshot<Raw5>;
using Raw7 = v1::CollectionService::WithRawCallbackMethod_ListSnapshots<Raw6>;
using Raw8 = v1::CollectionService::WithRawCallbackMethod_RestoreSnapshot<Raw7>;
using Raw9 = v1::CollectionService::WithRawCallbackMethod_DeleteSnapshot<Raw8>;
using Raw10 = v1::CollectionService::WithRawCallbackMethod_UpsertDocuments<Raw9>;
using Raw11 = v1::CollectionService::WithRawCallbackMethod_DeleteDocuments<Raw10>;
using Raw12 = v1::CollectionService::WithRawCallbackMethod_UpdateMetadata<Raw11>;
using Raw13 = v1::CollectionService::WithRawCallbackMethod_GetDocuments<Raw12>;
using Raw14 = v1::CollectionService::WithRawCallbackMethod_ListDocuments<Raw13>;
using Raw15 = v1::CollectionService::WithRawCallbackMethod_CountDocuments<Raw14>;
using Raw16 = v1::CollectionService::WithRawCallbackMethod_Search<Raw15>;
using Raw17 = v1::CollectionService::WithRawCallbackMethod_OptimizeCollection<Raw16>;
using Raw18 = v1::CollectionService::WithRawCallbackMethod_SetScoring<Raw17>;
}  // namespace collection_service_internal

// senvec.v1.CollectionService. Texts are encoded with everybody else's; work on a collection runs on the work queue, what
// takes long on the queue for that. Thread-safe.
class CollectionService : public collection_service_internal::Raw18 {
 public:
  using Call = grpc::CallbackServerContext;
  using Bytes = grpc::ByteBuffer;
  using Reactor = grpc::ServerUnaryReactor;

  // `context` must outlive the service and its calls.
  explicit CollectionService(const RpcContext* context) : context_(context) {}

  Reactor* CreateCollection(Call* call, const Bytes* in, Bytes* out) override;
  Reactor* GetCollection(Call* call, const Bytes* in, Bytes* out) override;
  Reactor* ListCollections(Call* call, const Bytes* in, Bytes* out) override;
  Reactor* DropCollection(Call* call, const Bytes* in, Bytes* out) override;
  Reactor* SetAlias(Call* call, const Bytes* in, Bytes* out) override;
  Reactor* ListAliases(Call* call, const Bytes* in, Bytes* out) override;
  Reactor* CreateSnapshot(Call* call, const Bytes* in, Bytes* out) override;
  Reactor* ListSnapshots(Call* call, const Bytes* in, Bytes* out) override;
  Reactor* RestoreSnapshot(Call* call, const Bytes* in, Bytes* out) override;
  Reactor* DeleteSnapshot(Call* call, const Bytes* in, Bytes* out) override;
  Reactor* UpsertDocuments(Call* call, const Bytes* in, Bytes* out) override;
  Reactor* DeleteDocuments(Call* call, const Bytes* in, Bytes* out) override;
  Reactor* UpdateMetadata(Call* call, const Bytes* in, Bytes* out) override;
  Reactor* GetDocuments(Call* call, const Bytes* in, Bytes* out) override;
  Reactor* ListDocuments(Call* call, const Bytes* in, Bytes* out) override;
  Reactor* CountDocuments(Call* call, const Bytes* in, Bytes* out) override;
  Reactor* Search(Call* call, const Bytes* in, Bytes* out) override;
  Reactor* SetScoring(Call* call, const Bytes* in, Bytes* out) override;
  grpc::ServerWriteReactor<Bytes>* OptimizeCollection(Call* call, const Bytes* in) override;

 private:
  const RpcContext* const context_;
};

}  // namespace senvec
