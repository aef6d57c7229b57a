#pragma once

#include "absl/status/status.h"
#include "senvec/v1/collection.pb.h"
#include "service/rpc/rpc_context.h"

namespace senvec {

// On the calling thread; need no gRPC.
absl::Status HandleSetScoring(const RpcContext& context, const v1::SetScoringRequest& request,
                              v1::SetScoringResponse* response);

}  // namespace senvec
