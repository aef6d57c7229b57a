#pragma once

#include <functional>

#include "absl/status/status.h"
#include "senvec/v1/collection.pb.h"
#include "service/rpc/caller.h"
#include "service/rpc/rpc_context.h"

namespace senvec {

// Calls that write and read documents. They need no gRPC.

// Fills `response` and calls `done`, once. Both must live until then.
void HandleUpsert(const RpcContext& context, const v1::UpsertDocumentsRequest& request, Caller caller,
                  v1::UpsertDocumentsResponse* response, std::function<void(absl::Status)> done);

// These work on the calling thread, and may take a while; Delete with a filter takes long.
absl::Status HandleDelete(const RpcContext& context, const v1::DeleteDocumentsRequest& request,
                          v1::DeleteDocumentsResponse* response);
absl::Status HandleUpdateMetadata(const RpcContext& context, const v1::UpdateMetadataRequest& request,
                                  v1::UpdateMetadataResponse* response);
absl::Status HandleGet(const RpcContext& context, const v1::GetDocumentsRequest& request,
                       v1::GetDocumentsResponse* response);
absl::Status HandleList(const RpcContext& context, const v1::ListDocumentsRequest& request,
                        v1::ListDocumentsResponse* response);
absl::Status HandleCount(const RpcContext& context, const v1::CountDocumentsRequest& request,
                         v1::CountDocumentsResponse* response);

}  // namespace senvec
