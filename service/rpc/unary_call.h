#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace senvec {

// An absl::Status in gRPC's terms: the same code and message.
grpc::Status ToGrpcStatus(const absl::Status& status);
// With RESOURCE_EXHAUSTED, tells the client when to try again ("grpc-retry-pushback-ms").
void AddRetryHint(const absl::Status& status, grpc::CallbackServerContext& context);

// One unary call from its arrival to its answer; deletes itself when gRPC is done with it.
class UnaryCall : public grpc::ServerUnaryReactor {
 public:
  explicit UnaryCall(grpc::CallbackServerContext* context);

  // Answers the call; exactly once.
  void Answer(const absl::Status& status);

  absl::Time deadline() const { return absl::FromChrono(context_->deadline()); }
  // Says whether the client has left; may outlive the call.
  std::function<bool()> IsCancelled() const;

  void OnDone() override { delete this; }
  void OnCancel() override { *cancelled_ = true; }

 private:
  grpc::CallbackServerContext* const context_;
  const std::shared_ptr<std::atomic<bool>> cancelled_;
};

}  // namespace senvec
