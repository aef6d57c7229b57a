#pragma once

#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include <atomic>
#include <memory>
#include <optional>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "service/rpc/caller.h"

namespace senvec {

// An absl::Status in gRPC's terms: the same code and message. RESOURCE_EXHAUSTED has a google.rpc.RetryInfo in its
// details.
grpc::Status ToGrpcStatus(const absl::Status& status);
// With RESOURCE_EXHAUSTED, tells gRPC's own retries when to try again ("grpc-retry-pushback-ms").
void AddRetryHint(const absl::Status& status, grpc::CallbackServerContext& context);

// What a client is told whose message is not one of `type`.
absl::Status UnreadableMessage(absl::string_view type);

// One unary call from its arrival to its answer; deletes itself when gRPC is done with it.
class UnaryCall : public grpc::ServerUnaryReactor {
 public:
  explicit UnaryCall(grpc::CallbackServerContext* context);

  // Answers the call, with the response when `status` is OK; exactly once.
  void Answer(const absl::Status& status);

  Caller caller() const;

  void OnDone() override { delete this; }
  void OnCancel() override { *cancelled_ = true; }

 protected:
  // What gRPC is told of an outcome; the response is where it takes it from.
  grpc::Status Result(const absl::Status& status);

 private:
  // Puts the response where gRPC takes it from.
  virtual absl::Status WriteResponse() = 0;

  grpc::CallbackServerContext* const context_;
  const std::shared_ptr<std::atomic<bool>> cancelled_;
};

// A call whose message is parsed here and not by gRPC, which would answer a malformed one (text that is no UTF-8, most of
// all) with an empty error.
template <typename Request, typename Response>
class TypedCall : public UnaryCall {
 public:
  // Calls handler(call, request, response) unless the message is unreadable.
  template <typename Handler>
  static grpc::ServerUnaryReactor* Start(grpc::CallbackServerContext* context, const grpc::ByteBuffer* in,
                                         grpc::ByteBuffer* out, const Handler& handler) {
    auto* call = new TypedCall(context, out);
    if (call->Parse(*in)) {
      handler(call, &call->request_, &call->response_);
    } else {
      call->Answer(UnreadableMessage(Request::descriptor()->full_name()));
    }
    return call;
  }

  // The same for a handler that may have the answer at once: at_once(caller, request, response) gives the call's
  // status, or nullopt to leave it to `handler`. Sparing gRPC a reactor to look after saves a change of threads.
  template <typename AtOnce, typename Handler>
  static grpc::ServerUnaryReactor* Start(grpc::CallbackServerContext* context, const grpc::ByteBuffer* in,
                                         grpc::ByteBuffer* out, const AtOnce& at_once, const Handler& handler) {
    auto call = absl::WrapUnique(new TypedCall(context, out));
    std::optional<absl::Status> status = UnreadableMessage(Request::descriptor()->full_name());
    if (call->Parse(*in)) status = at_once(call->caller(), call->request_, &call->response_);
    if (!status.has_value()) {
      handler(call.get(), &call->request_, &call->response_);
      return call.release();
    }
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(call->Result(*status));
    return reactor;
  }

 private:
  TypedCall(grpc::CallbackServerContext* context, grpc::ByteBuffer* out) : UnaryCall(context), out_(out) {}

  bool Parse(grpc::ByteBuffer bytes) {
    return grpc::SerializationTraits<Request>::Deserialize(&bytes, &request_).ok();
  }
  absl::Status WriteResponse() override {
    bool owned = false;
    if (grpc::SerializationTraits<Response>::Serialize(response_, out_, &owned).ok()) return absl::OkStatus();
    return absl::InternalError("the answer could not be serialised");
  }

  grpc::ByteBuffer* const out_;
  Request request_;
  Response response_;
};

}  // namespace senvec
