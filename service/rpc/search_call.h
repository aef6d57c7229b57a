#pragma once

#include <functional>

#include "absl/status/status.h"
#include "senvec/v1/collection.pb.h"
#include "service/rpc/caller.h"
#include "service/rpc/rpc_context.h"

namespace senvec {

// One SearchRequest: fills `response` and calls `done`, once. Both must live until then. Needs no gRPC.
void HandleSearch(const RpcContext& context, const v1::SearchRequest& request, Caller caller,
                  v1::SearchResponse* response, std::function<void(absl::Status)> done);

}  // namespace senvec
