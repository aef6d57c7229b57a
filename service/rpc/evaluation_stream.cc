#include "service/rpc/evaluation_stream.h"

#include <grpcpp/impl/codegen/proto_utils.h>

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/json.h"
#include "base/status_macros.h"
#include "service/rpc/evaluation_intake.h"
#include "service/rpc/evaluation_run.h"
#include "service/rpc/stream_outbox.h"
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

// Reads until the client has sent everything, then measures on the queue for evaluations and posts what comes of it.
class EvaluationStream : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                         private StreamOutbox<grpc::ByteBuffer>::Wire {
 public:
  using Reactor = grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>;

  EvaluationStream(const RpcContext* context, grpc::CallbackServerContext* call, std::atomic<int>* num_open)
      : context_(*context),
        call_(*call),
        deadline_(absl::FromChrono(call->deadline())),
        num_open_(*num_open),
        intake_(context->limits) {
    if (++num_open_ <= kMaxOpen) {
      StartRead(&incoming_);
    } else {
      outbox_.End(absl::ResourceExhaustedError(
          absl::StrCat("there are ", kMaxOpen, " evaluations at work or waiting; try again later")));
    }
  }

  void OnReadDone(bool ok) override {
    if (!ok) return EndOfInput();
    if (const absl::Status status = Take(); !status.ok()) return outbox_.End(status);
    StartRead(&incoming_);
  }
  void OnWriteDone(bool ok) override {
    if (!ok) *cancelled_ = true;
    outbox_.OnWritten(ok);
  }
  void OnCancel() override {
    *cancelled_ = true;
    outbox_.Close();
  }
  void OnDone() override { delete this; }

 private:
  void StartWrite(const grpc::ByteBuffer& message) override { Reactor::StartWrite(&message); }
  void Finish(const absl::Status& status) override {
    // Before the caller hears of it: who has an answer may ask again at once.
    --num_open_;
    AddRetryHint(status, call_);
    Reactor::Finish(ToGrpcStatus(status));
  }

  absl::Status Take() {
    v1::EvaluateRequest request;
    if (!grpc::SerializationTraits<v1::EvaluateRequest>::Deserialize(&incoming_, &request).ok()) {
      return UnreadableMessage(request.GetDescriptor()->full_name());
    }
    SENVEC_RETURN_IF_ERROR(caller().Check(context_.now()));
    return intake_.Add(std::move(request));
  }

  void EndOfInput() {
    if (*cancelled_) return outbox_.End(absl::CancelledError("the caller cancelled"));
    auto evaluation = intake_.Finish();
    if (!evaluation.ok()) return outbox_.End(evaluation.status());
    v1::EvaluationProgress waiting;
    waiting.set_tasks_total(static_cast<int32_t>(evaluation->num_tasks));
    PostProgress(waiting);
    auto shared = std::make_shared<Evaluation>(*std::move(evaluation));
    const absl::Status submitted = context_.evaluations->Submit([this, shared]() mutable {
      const absl::Status status = Measure(*shared);
      shared.reset();
      outbox_.End(status);
    });
    if (!submitted.ok()) outbox_.End(submitted);
  }

  absl::Status Measure(const Evaluation& evaluation) {
    absl::Time last = absl::InfinitePast();
    const auto report = [&](const v1::EvaluationProgress& progress) {
      if (const absl::Time now = context_.now(); now - last >= kBetweenMessages) {
        last = now;
        PostProgress(progress);
      }
    };
    SENVEC_ASSIGN_OR_RETURN(const RunReport run, RunEvaluation(context_, evaluation, caller(), report));
    SENVEC_RETURN_IF_ERROR(caller().Check(context_.now()));
    PostPieces(DumpJson(run.report), [](v1::EvaluateResponse& message, std::string piece) {
      message.set_report_json(std::move(piece));
    });
    PostPieces(DumpJson(run.items), [](v1::EvaluateResponse& message, std::string piece) {
      message.set_items_json(std::move(piece));
    });
    v1::EvaluateResponse summary;
    *summary.mutable_summary() = SummaryMessage(run.report);
    Post(summary);
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
  void Post(const v1::EvaluateResponse& message) { outbox_.Post(Bytes(message)); }
  void PostProgress(const v1::EvaluationProgress& progress) {
    v1::EvaluateResponse message;
    *message.mutable_progress() = progress;
    outbox_.PostProgress(Bytes(message));
  }

  const RpcContext& context_;
  grpc::CallbackServerContext& call_;
  const absl::Time deadline_;
  std::atomic<int>& num_open_;
  const std::shared_ptr<std::atomic<bool>> cancelled_ = std::make_shared<std::atomic<bool>>(false);
  grpc::ByteBuffer incoming_;  // gRPC's between StartRead() and OnReadDone()
  EvaluationIntake intake_;
  StreamOutbox<grpc::ByteBuffer> outbox_{this};
};

}  // namespace

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* NewEvaluationStream(const RpcContext* context,
                                                                                  grpc::CallbackServerContext* call,
                                                                                  std::atomic<int>* num_open) {
  return new EvaluationStream(context, call, num_open);
}

}  // namespace senvec
