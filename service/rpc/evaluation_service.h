#pragma once

#include <atomic>

#include "senvec/v1/evaluation.grpc.pb.h"
#include "service/rpc/rpc_context.h"

namespace senvec {

// senvec.v1.EvaluationService. Thread-safe.
class EvaluationService : public v1::EvaluationService::WithRawCallbackMethod_Evaluate<v1::EvaluationService::Service> {
 public:
  // `context` must outlive the service and its calls.
  explicit EvaluationService(const RpcContext* context) : context_(context) {}

  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* Evaluate(grpc::CallbackServerContext* call) override;

 private:
  const RpcContext* const context_;
  std::atomic<int> num_open_ = 0;
};

}  // namespace senvec
