#include "service/rpc/evaluation_stream.h"

#include <grpcpp/impl/codegen/proto_utils.h>

#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/json.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "service/rpc/evaluation_intake.h"
#include "service/rpc/evaluation_run.h"
#include "service/rpc/unary_call.h"

namespace senvec {
namespace {

constexpr absl::Duration kBetweenMessages = absl::Milliseconds(500);
// Each holds the data it was sent.
constexpr int kMaxOpen = 4;
constexpr size_t kPieceBytes = size_t{1} << 20;

grpc::ByteBuffer Bytes(const v1::EvaluateResponse& message) {
  grpc::ByteBuffer bytes;
  bool owned = false;
  static_cast<void>(grpc::SerializationTraits<v1::EvaluateResponse>::Serialize(message, &bytes, &owned));
  return bytes;
}

// Reads until the client has sent everything, then measures on the queue for evaluations. gRPC's threads write what
// comes of it: of progress the newest only, of the report everything.
class EvaluationStream : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  EvaluationStream(const RpcContext* context, grpc::CallbackServerContext* call, std::atomic<int>* num_open)
      : context_(*context), call_(*call), deadline_(absl::FromChrono(call->deadline())), num_open_(*num_open), intake_(context->limits) {
    if (++num_open_ <= kMaxOpen) {
      StartRead(&incoming_);
    } else {
      End(absl::ResourceExhaustedError(absl::StrCat("there are ", kMaxOpen, " evaluations at work or waiting; try again later")));
    }
  }

  void OnReadDone(bool ok) override {
    if (!ok) return EndOfInput();
    if (const absl::Status status = Take(); !status.ok()) return End(status);
    StartRead(&incoming_);
  }
  void OnWriteDone(bool ok) override {
    if (!ok) *cancelled_ = true;
    Step step;
    {
      MutexLock lock(&mutex_);
      is_writing_ = false;
      step = NextStep();
    }
    Do(step);
  }
  void OnCancel() override { *cancelled_ = true; }
  void OnDone() override { delete this; }

 private:
  enum class Step { kNone, kWrite, kFinish };

  absl::Status Take() {
    v1::EvaluateRequest request;
    if (!grpc::SerializationTraits<v1::EvaluateRequest>::Deserialize(&incoming_, &request).ok()) {
      return UnreadableMessage(request.GetDescriptor()->full_name());
    }
    SENVEC_RETURN_IF_ERROR(caller().Check(context_.now()));
    return intake_.Add(std::move(request));
  }

  void EndOfInput() {
    if (*cancelled_) return End(absl::CancelledError("the caller cancelled"));
    auto evaluation = intake_.Finish();
    if (!evaluation.ok()) return End(evaluation.status());
    v1::EvaluationProgress waiting;
    waiting.set_tasks_total(static_cast<int32_t>(evaluation->num_tasks));
    PostProgress(waiting);
    auto shared = std::make_shared<Evaluation>(*std::move(evaluation));
    const absl::Status submitted = context_.evaluations->Submit([this, shared]() mutable {
      const absl::Status status = Measure(*shared);
      shared.reset();
      End(status);
    });
    if (!submitted.ok()) End(submitted);
  }

  absl::Status Measure(const Evaluation& evaluation) {
    absl::Time last = absl::InfinitePast();
    SENVEC_ASSIGN_OR_RETURN(const RunReport run, RunEvaluation(context_, evaluation, caller(), [&](const v1::EvaluationProgress& progress) {
                              if (const absl::Time now = context_.now(); now - last >= kBetweenMessages) {
                                last = now;
                                PostProgress(progress);
                              }
                            }));
    SENVEC_RETURN_IF_ERROR(caller().Check(context_.now()));
    PostPieces(DumpJson(run.report), [](v1::EvaluateResponse& message, std::string piece) { message.set_report_json(std::move(piece)); });
    PostPieces(DumpJson(run.items), [](v1::EvaluateResponse& message, std::string piece) { message.set_items_json(std::move(piece)); });
    v1::EvaluateResponse last_message;
    *last_message.mutable_summary() = SummaryMessage(run.report);
    Post(last_message);
    return absl::OkStatus();
  }

  Caller caller() const {
    return {deadline_, [cancelled = cancelled_] { return cancelled->load(); }};
  }

  // `set` puts a piece of bytes into a message.
  template <typename Set>
  void PostPieces(const std::string& text, const Set& set) {
    for (size_t begin = 0; begin < text.size(); begin += kPieceBytes) {
      v1::EvaluateResponse message;
      set(message, text.substr(begin, kPieceBytes));
      Post(message);
    }
  }
  void Post(const v1::EvaluateResponse& message) {
    Step step;
    {
      MutexLock lock(&mutex_);
      outgoing_.push_back(Bytes(message));
      step = NextStep();
    }
    Do(step);
  }
  void PostProgress(const v1::EvaluationProgress& progress) {
    v1::EvaluateResponse message;
    *message.mutable_progress() = progress;
    Step step;
    {
      MutexLock lock(&mutex_);
      progress_ = Bytes(message);
      step = NextStep();
    }
    Do(step);
  }
  // The last thing that is called of the work: the object may be gone when it returns.
  void End(const absl::Status& status) {
    Step step;
    {
      MutexLock lock(&mutex_);
      AddRetryHint(status, call_);
      status_ = ToGrpcStatus(status);
      step = NextStep();
    }
    Do(step);
  }

  Step NextStep() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (is_writing_) return Step::kNone;
    if (progress_.has_value() && !*cancelled_) {
      current_ = *std::move(progress_);
      progress_.reset();
      is_writing_ = true;
      return Step::kWrite;
    }
    if (!outgoing_.empty() && !*cancelled_) {
      current_ = std::move(outgoing_.front());
      outgoing_.pop_front();
      is_writing_ = true;
      return Step::kWrite;
    }
    return status_.has_value() ? Step::kFinish : Step::kNone;
  }
  // Without the lock: gRPC may call back at once. Only one thread gets a step that is not kNone until it is taken.
  void Do(Step step) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    if (step == Step::kWrite) StartWrite(&current_);
    if (step != Step::kFinish) return;
    // Before the caller hears of it: who has an answer may ask again at once.
    --num_open_;
    Finish(*status_);
  }

  const RpcContext& context_;
  grpc::CallbackServerContext& call_;
  const absl::Time deadline_;
  std::atomic<int>& num_open_;
  const std::shared_ptr<std::atomic<bool>> cancelled_ = std::make_shared<std::atomic<bool>>(false);
  grpc::ByteBuffer incoming_;  // gRPC's between StartRead() and OnReadDone()
  EvaluationIntake intake_;
  Mutex mutex_;
  bool is_writing_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::ByteBuffer current_ ABSL_GUARDED_BY(mutex_);                  // being written
  std::optional<grpc::ByteBuffer> progress_ ABSL_GUARDED_BY(mutex_);  // to be written
  std::deque<grpc::ByteBuffer> outgoing_ ABSL_GUARDED_BY(mutex_);     // likewise, after it
  std::optional<grpc::Status> status_ ABSL_GUARDED_BY(mutex_);        // once the work has ended
};

}  // namespace

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* NewEvaluationStream(const RpcContext* context,
                                                                                  grpc::CallbackServerContext* call,
                                                                                  std::atomic<int>* num_open) {
  return new EvaluationStream(context, call, num_open);
}

}  // namespace senvec
