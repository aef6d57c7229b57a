#include "service/rpc/unary_call.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace senvec {
namespace {

// About the time of one batch: a full queue has room again after it.
constexpr int kRetryAfterMs = 200;

std::string RetryDetails(const absl::Status& status) {
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_nanos(kRetryAfterMs * 1000000);
  google::rpc::Status details;
  details.set_code(status.raw_code());
  details.set_message(std::string(status.message()));
  details.add_details()->PackFrom(retry);
  return details.SerializeAsString();
}

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const auto code = static_cast<grpc::StatusCode>(status.raw_code());
  if (!absl::IsResourceExhausted(status)) return {code, std::string(status.message())};
  return {code, std::string(status.message()), RetryDetails(status)};
}

void AddRetryHint(const absl::Status& status, grpc::CallbackServerContext& context) {
  if (absl::IsResourceExhausted(status)) context.AddTrailingMetadata("grpc-retry-pushback-ms", std::to_string(kRetryAfterMs));
}

UnaryCall::UnaryCall(grpc::CallbackServerContext* context)
    : context_(context), cancelled_(std::make_shared<std::atomic<bool>>(false)) {}

absl::Status UnreadableMessage(absl::string_view type) {
  return absl::InvalidArgumentError(absl::StrCat(
      "the message is no ", type, ": its bytes are damaged, or a text in it is no valid UTF-8; send texts as UTF-8"));
}

void UnaryCall::Answer(const absl::Status& status) { Finish(Result(status)); }

grpc::Status UnaryCall::Result(const absl::Status& status) {
  const absl::Status result = status.ok() ? WriteResponse() : status;
  AddRetryHint(result, *context_);
  return ToGrpcStatus(result);
}

Caller UnaryCall::caller() const {
  return {absl::FromChrono(context_->deadline()), [cancelled = cancelled_] { return cancelled->load(); }};
}

}  // namespace senvec
