#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <memory>

#include "service/rpc/rpc_context.h"

namespace senvec {

// The server's side of one EvaluationService.Evaluate call; deletes itself when gRPC is done with it. num_open: calls
// that are open, which it counts itself in and out of; outlives it. Messages come and go as bytes, so that what is no
// message gets an answer that says so.
grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* NewEvaluationStream(const RpcContext* context,
                                                                                  grpc::CallbackServerContext* call,
                                                                                  std::atomic<int>* num_open);

}  // namespace senvec
