#include "service/rpc/optimize_stream.h"

#include <grpcpp/impl/codegen/proto_utils.h>

#include <atomic>
#include <memory>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "senvec/v1/collection.pb.h"
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

// The work runs on the queue for long work and says how far it is; gRPC's threads write that, the newest only.
class OptimizeStream : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  explicit OptimizeStream(const RpcContext* context) : context_(*context) {}

  void Start(const grpc::ByteBuffer* in) {
    grpc::ByteBuffer bytes(*in);
    v1::OptimizeCollectionRequest request;
    if (!grpc::SerializationTraits<v1::OptimizeCollectionRequest>::Deserialize(&bytes, &request).ok()) {
      return End(UnreadableMessage(request.GetDescriptor()->full_name()));
    }
    const absl::Status submitted =
        context_.long_work->Submit([this, name = request.collection()] { End(Optimize(name)); });
    if (!submitted.ok()) End(submitted);
  }

  void OnWriteDone(bool ok) override {
    if (!ok) cancelled_ = true;
    Step step;
    {
      MutexLock lock(&mutex_);
      is_writing_ = false;
      step = NextStep();
    }
    Take(step);
  }
  void OnCancel() override { cancelled_ = true; }
  void OnDone() override { delete this; }

 private:
  enum class Step { kNone, kWrite, kFinish };

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
    Step step;
    {
      MutexLock lock(&mutex_);
      next_ = Bytes(message);
      step = NextStep();
    }
    Take(step);
  }
  // The last thing that is called of the work: the object may be gone when it returns.
  void End(const absl::Status& status) {
    Step step;
    {
      MutexLock lock(&mutex_);
      status_ = ToGrpcStatus(status);
      step = NextStep();
    }
    Take(step);
  }

  Step NextStep() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (is_writing_) return Step::kNone;
    if (next_.has_value() && !cancelled_) {
      current_ = *std::move(next_);
      next_.reset();
      is_writing_ = true;
      return Step::kWrite;
    }
    return status_.has_value() ? Step::kFinish : Step::kNone;
  }
  // Without the lock: gRPC may call back at once. Only one thread gets a step that is not kNone until it is taken.
  void Take(Step step) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    if (step == Step::kWrite) StartWrite(&current_);
    if (step == Step::kFinish) Finish(*status_);
  }

  const RpcContext& context_;
  std::atomic<bool> cancelled_ = false;
  Mutex mutex_;
  bool is_writing_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::ByteBuffer current_ ABSL_GUARDED_BY(mutex_);               // being written
  std::optional<grpc::ByteBuffer> next_ ABSL_GUARDED_BY(mutex_);   // to be written
  std::optional<grpc::Status> status_ ABSL_GUARDED_BY(mutex_);     // once the work has ended
};

}  // namespace

grpc::ServerWriteReactor<grpc::ByteBuffer>* StartOptimizeStream(const RpcContext* context, const grpc::ByteBuffer* in) {
  auto* stream = new OptimizeStream(context);
  stream->Start(in);
  return stream;
}

}  // namespace senvec
