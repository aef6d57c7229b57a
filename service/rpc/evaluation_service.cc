#include "service/rpc/evaluation_service.h"

#include "service/rpc/evaluation_stream.h"

namespace senvec {

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* EvaluationService::Evaluate(grpc::CallbackServerContext* call) {
  return NewEvaluationStream(context_, call, &num_open_);
}

}  // namespace senvec
