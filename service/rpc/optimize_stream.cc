#include "service/rpc/optimize_stream.h"

#include <grpcpp/impl/codegen/proto_utils.h>

#include <atomic>
#include <string>

#include "base/status_macros.h"
#include "senvec/v1/collection.pb.h"
#include "service/rpc/stream_outbox.h"
#include "service/rpc/unary_call.h"

namespace senvec {
namespace {

constexpr absl::Duration kBetweenMessages = absl::Milliseconds(500);

grpc::ByteBuffer Bytes(const v1::OptimizeCollectionResponse& message) {
  grpc::ByteBuffer bytes;
  bool owned = false;
  static_cast<void>(grpc::SerializationTraits<v1::OptimizeCollectionResponse>::Serialize(message, &bytes, &owned));
  return bytes;
}

// The work runs on the queue for long work and posts how far it is.
class OptimizeStream : public grpc::ServerWriteReactor<grpc::ByteBuffer>, private StreamOutbox<grpc::ByteBuffer>::Wire {
 public:
  using Reactor = grpc::ServerWriteReactor<grpc::ByteBuffer>;

  explicit OptimizeStream(const RpcContext* context) : context_(*context) {}

  void Start(const grpc::ByteBuffer* in) {
    grpc::ByteBuffer bytes(*in);
    v1::OptimizeCollectionRequest request;
    if (!grpc::SerializationTraits<v1::OptimizeCollectionRequest>::Deserialize(&bytes, &request).ok()) {
      return outbox_.End(UnreadableMessage(request.GetDescriptor()->full_name()));
    }
    const absl::Status submitted =
        context_.long_work->Submit([this, name = request.collection()] { outbox_.End(Optimize(name)); });
    if (!submitted.ok()) outbox_.End(submitted);
  }

  void OnWriteDone(bool ok) override {
    if (!ok) cancelled_ = true;
    outbox_.OnWritten(ok);
  }
  void OnCancel() override {
    cancelled_ = true;
    outbox_.Close();
  }
  void OnDone() override { delete this; }

 private:
  void StartWrite(const grpc::ByteBuffer& message) override { Reactor::StartWrite(&message); }
  void Finish(const absl::Status& status) override { Reactor::Finish(ToGrpcStatus(status)); }

  absl::Status Optimize(const std::string& name) {
    SENVEC_ASSIGN_OR_RETURN(const auto collection, context_.store->Get(name));
    absl::Time last = absl::InfinitePast();
    SENVEC_RETURN_IF_ERROR(collection->Optimize([&](int64_t done, int64_t total) {
      if (const absl::Time now = context_.now(); now - last >= kBetweenMessages) {
        last = now;
        Post(done, total, false);
      }
      return !cancelled_;
    }));
    Post(collection->size(), collection->size(), true);
    return absl::OkStatus();
  }

  void Post(int64_t done, int64_t total, bool finished) {
    v1::OptimizeCollectionResponse message;
    message.set_num_done(done);
    message.set_num_total(total);
    message.set_finished(finished);
    outbox_.PostProgress(Bytes(message));
  }

  const RpcContext& context_;
  std::atomic<bool> cancelled_ = false;
  StreamOutbox<grpc::ByteBuffer> outbox_{this};
};

}  // namespace

grpc::ServerWriteReactor<grpc::ByteBuffer>* StartOptimizeStream(const RpcContext* context, const grpc::ByteBuffer* in) {
  auto* stream = new OptimizeStream(context);
  stream->Start(in);
  return stream;
}

}  // namespace senvec
