#include "service/rpc/embed_stream.h"

#include <atomic>
#include <deque>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "service/rpc/embedding_service.h"
#include "service/rpc/unary_call.h"

namespace senvec {
namespace {

// Requests of one stream that may be in work or wait to be written; the client is not read from beyond.
constexpr int kWindow = 64;

class EmbedStream : public grpc::ServerBidiReactor<v1::EmbedStreamRequest, v1::EmbedStreamResponse> {
 public:
  EmbedStream(const RpcContext* context, grpc::CallbackServerContext* call)
      : context_(context), call_(call), deadline_(absl::FromChrono(call->deadline())) {
    MutexLock lock(&mutex_);
    Read();
  }

  void OnReadDone(bool ok) override {
    std::unique_ptr<Work> work;
    {
      MutexLock lock(&mutex_);
      reading_ = false;
      if (!ok || failed_) {
        all_read_ = true;
        FinishWhenIdle();
        return;
      }
      work = std::make_unique<Work>();
      work->request.Swap(&incoming_);
      ++in_flight_;
      if (in_flight_ < kWindow) Read();
    }
    Start(std::move(work));
  }

  void OnWriteDone(bool ok) override {
    MutexLock lock(&mutex_);
    writing_ = false;
    outgoing_.pop_front();
    --in_flight_;
    if (!ok) Fail(absl::CancelledError("the client no longer reads"));
    if (!reading_ && !all_read_ && !failed_) Read();
    Write();
    FinishWhenIdle();
  }

  void OnCancel() override {
    *cancelled_ = true;
    MutexLock lock(&mutex_);
    Fail(absl::CancelledError("the caller cancelled"));
    FinishWhenIdle();
  }

  // The scheduler's thread may still be leaving OnEmbedded(), so that the last of both deletes the stream.
  void OnDone() override { const std::shared_ptr<EmbedStream> self = std::move(self_); }

 private:
  struct Work {
    v1::EmbedStreamRequest request;
    v1::EmbedStreamResponse response;
  };

  void Read() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    reading_ = true;
    StartRead(&incoming_);
  }

  void Start(std::unique_ptr<Work> work) {
    Work* raw = work.release();
    raw->response.set_request_id(raw->request.request_id());
    HandleEmbed(*context_, raw->request.request(), {deadline_, [cancelled = cancelled_] { return cancelled->load(); }},
                raw->response.mutable_response(), [self = self_, raw](const absl::Status& status) {
                  self->OnEmbedded(std::unique_ptr<Work>(raw), status);
                });
  }

  void OnEmbedded(std::unique_ptr<Work> work, const absl::Status& status) {
    MutexLock lock(&mutex_);
    if (!status.ok()) {
      --in_flight_;
      Fail(absl::Status(status.code(), absl::StrCat("request \"", work->request.request_id(), "\": ", status.message())));
    } else {
      outgoing_.push_back(std::move(work));
      Write();
    }
    FinishWhenIdle();
  }

  void Write() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (failed_) {
      // What is not on the wire yet is dropped.
      while (outgoing_.size() > (writing_ ? 1u : 0u)) {
        outgoing_.pop_back();
        --in_flight_;
      }
    }
    if (writing_ || outgoing_.empty()) return;
    writing_ = true;
    StartWrite(&outgoing_.front()->response);
  }

  // The first fault ends the stream once what is in work is done.
  void Fail(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (failed_) return;
    failed_ = true;
    status_ = status;
    Write();
  }

  // A read that still waits does not hold the end up: Finish() ends it.
  void FinishWhenIdle() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (finished_ || in_flight_ > 0 || writing_ || !(all_read_ || failed_)) return;
    finished_ = true;
    AddRetryHint(status_, *call_);
    Finish(ToGrpcStatus(status_));
  }

  std::shared_ptr<EmbedStream> self_{this};
  const RpcContext* const context_;
  grpc::CallbackServerContext* const call_;
  const absl::Time deadline_;
  const std::shared_ptr<std::atomic<bool>> cancelled_ = std::make_shared<std::atomic<bool>>(false);
  Mutex mutex_;
  v1::EmbedStreamRequest incoming_;  // belongs to gRPC between Read() and OnReadDone()
  std::deque<std::unique_ptr<Work>> outgoing_ ABSL_GUARDED_BY(mutex_);
  int in_flight_ ABSL_GUARDED_BY(mutex_) = 0;  // in work, waiting to be written, or being written
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool all_read_ ABSL_GUARDED_BY(mutex_) = false;
  bool failed_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

grpc::ServerBidiReactor<v1::EmbedStreamRequest, v1::EmbedStreamResponse>* NewEmbedStream(
    const RpcContext* context, grpc::CallbackServerContext* call) {
  return new EmbedStream(context, call);
}

}  // namespace senvec
