#pragma once

#include <grpcpp/grpcpp.h>

#include "service/rpc/rpc_context.h"

namespace senvec {

// One OptimizeCollection call. It deletes itself when gRPC is done with it; `context` must outlive it.
grpc::ServerWriteReactor<grpc::ByteBuffer>* StartOptimizeStream(const RpcContext* context, const grpc::ByteBuffer* in);

}  // namespace senvec
