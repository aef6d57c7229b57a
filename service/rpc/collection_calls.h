#pragma once

#include "absl/status/status.h"
#include "senvec/v1/collection.pb.h"
#include "service/rpc/rpc_context.h"

namespace senvec {

// Calls about collections as a whole, and aliases. They need no gRPC, work on the calling thread and may take a while.

absl::Status HandleCreateCollection(const RpcContext& context, const v1::CreateCollectionRequest& request,
                                    v1::CreateCollectionResponse* response);
absl::Status HandleGetCollection(const RpcContext& context, const v1::GetCollectionRequest& request,
                                 v1::GetCollectionResponse* response);
absl::Status HandleListCollections(const RpcContext& context, const v1::ListCollectionsRequest& request,
                                   v1::ListCollectionsResponse* response);
absl::Status HandleDropCollection(const RpcContext& context, const v1::DropCollectionRequest& request,
                                  v1::DropCollectionResponse* response);

absl::Status HandleSetAlias(const RpcContext& context, const v1::SetAliasRequest& request, v1::SetAliasResponse* response);
absl::Status HandleListAliases(const RpcContext& context, const v1::ListAliasesRequest& request,
                               v1::ListAliasesResponse* response);

}  // namespace senvec
