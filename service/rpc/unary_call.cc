#include "service/rpc/unary_call.h"

#include <string>

namespace senvec {
namespace {

constexpr char kRetryAfterMs[] = "200";

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return {static_cast<grpc::StatusCode>(status.raw_code()), std::string(status.message())};
}

void AddRetryHint(const absl::Status& status, grpc::CallbackServerContext& context) {
  if (absl::IsResourceExhausted(status)) context.AddTrailingMetadata("grpc-retry-pushback-ms", kRetryAfterMs);
}

UnaryCall::UnaryCall(grpc::CallbackServerContext* context)
    : context_(context), cancelled_(std::make_shared<std::atomic<bool>>(false)) {}

void UnaryCall::Answer(const absl::Status& status) {
  AddRetryHint(status, *context_);
  Finish(ToGrpcStatus(status));
}

std::function<bool()> UnaryCall::IsCancelled() const {
  return [cancelled = cancelled_] { return cancelled->load(); };
}

}  // namespace senvec
