#pragma once

#include <functional>
#include <optional>

#include "absl/status/status.h"
#include "senvec/v1/collection.pb.h"
#include "service/rpc/caller.h"
#include "service/rpc/rpc_context.h"

namespace senvec {

// A SearchRequest that takes so little time that handing it to another thread would double it: searched on the thread it
// is called on, a thread of the network. nullopt: it is none of these, and nothing was done.
std::optional<absl::Status> AnswerShortSearch(const RpcContext& context, const v1::SearchRequest& request,
                                              const Caller& caller, v1::SearchResponse* response);

// Any SearchRequest: fills `response` and calls `done`, once. Both must live until then. Needs no gRPC.
void HandleSearch(const RpcContext& context, const v1::SearchRequest& request, Caller caller,
                  v1::SearchResponse* response, std::function<void(absl::Status)> done);

}  // namespace senvec
