#pragma once

#include <grpcpp/grpcpp.h>

#include "senvec/v1/embedding.pb.h"
#include "service/rpc/rpc_context.h"

namespace senvec {

// The server's side of one EmbeddingService.EmbedStream call; deletes itself when gRPC is done with it.
grpc::ServerBidiReactor<v1::EmbedStreamRequest, v1::EmbedStreamResponse>* NewEmbedStream(
    const RpcContext* context, grpc::CallbackServerContext* call);

}  // namespace senvec
