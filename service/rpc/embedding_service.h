#pragma once

#include <functional>

#include "absl/status/status.h"
#include "senvec/v1/embedding.grpc.pb.h"
#include "service/rpc/caller.h"
#include "service/rpc/rpc_context.h"
#include "service/rpc/unary_call.h"

namespace senvec {

// Messages arrive as bytes and are parsed by TypedCall.
using EmbeddingServiceBase = v1::EmbeddingService::WithRawCallbackMethod_GetModel<v1::EmbeddingService::WithRawCallbackMethod_Tokenize<v1::EmbeddingService::WithRawCallbackMethod_Embed<v1::EmbeddingService::WithCallbackMethod_EmbedStream<v1::EmbeddingService::Service>>>>;

// senvec.v1.EmbeddingService. Thread-safe.
class EmbeddingService : public EmbeddingServiceBase {
 public:
  // `context` must outlive the service and its calls.
  explicit EmbeddingService(const RpcContext* context) : context_(context) {}

  grpc::ServerUnaryReactor* Embed(grpc::CallbackServerContext* context, const grpc::ByteBuffer* in,
                                  grpc::ByteBuffer* out) override;
  grpc::ServerBidiReactor<v1::EmbedStreamRequest, v1::EmbedStreamResponse>* EmbedStream(
      grpc::CallbackServerContext* call) override;
  grpc::ServerUnaryReactor* Tokenize(grpc::CallbackServerContext* context, const grpc::ByteBuffer* in,
                                  grpc::ByteBuffer* out) override;
  grpc::ServerUnaryReactor* GetModel(grpc::CallbackServerContext* context, const grpc::ByteBuffer* in,
                                  grpc::ByteBuffer* out) override;

 private:
  void StartEmbed(UnaryCall* call, const v1::EmbedRequest* request, v1::EmbedResponse* response);
  void StartTokenize(UnaryCall* call, const v1::TokenizeRequest* request, v1::TokenizeResponse* response);
  void StartGetModel(UnaryCall* call, const v1::GetModelRequest* request, v1::GetModelResponse* response);

  const RpcContext* const context_;
};

// One EmbedRequest, alone or from a stream: fills `response` and calls `done`. Both must live until then. Needs no gRPC.
void HandleEmbed(const RpcContext& context, const v1::EmbedRequest& request, Caller caller,
                 v1::EmbedResponse* response, std::function<void(absl::Status)> done);

}  // namespace senvec
