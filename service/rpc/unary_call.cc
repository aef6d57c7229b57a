#include "service/rpc/unary_call.h"

#include <string>

#include "absl/strings/str_cat.h"

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

absl::Status UnreadableMessage(absl::string_view type) {
  return absl::InvalidArgumentError(absl::StrCat(
      "the message is no ", type, ": its bytes are damaged, or a text in it is no valid UTF-8; send texts as UTF-8"));
}

void UnaryCall::Answer(const absl::Status& status) {
  const absl::Status result = status.ok() ? WriteResponse() : status;
  AddRetryHint(result, *context_);
  Finish(ToGrpcStatus(result));
}

Caller UnaryCall::caller() const {
  return {absl::FromChrono(context_->deadline()), [cancelled = cancelled_] { return cancelled->load(); }};
}

}  // namespace senvec
