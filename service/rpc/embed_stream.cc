#include "service/rpc/embed_stream.h"

#include <atomic>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/rpc/embedding_service.h"
#include "service/rpc/stream_window.h"
#include "service/rpc/unary_call.h"

namespace senvec {
namespace {

// Requests of one stream that may be in work or wait to be written; the client is not read from beyond.
constexpr int kWindow = 64;

struct Work {
  v1::EmbedStreamRequest request;
  v1::EmbedStreamResponse response;
};

// gRPC's side of a StreamWindow.
class EmbedStream : public grpc::ServerBidiReactor<v1::EmbedStreamRequest, v1::EmbedStreamResponse>,
                    private StreamWindow<Work>::Wire {
 public:
  using Reactor = grpc::ServerBidiReactor<v1::EmbedStreamRequest, v1::EmbedStreamResponse>;

  EmbedStream(const RpcContext* context, grpc::CallbackServerContext* call)
      : context_(context), call_(call), deadline_(absl::FromChrono(call->deadline())) {
    window_.Open();
  }

  void OnReadDone(bool ok) override {
    auto work = std::make_unique<Work>();
    if (ok) work->request.Swap(&incoming_);
    if (window_.OnRead(ok)) Embed(std::move(work));
  }
  void OnWriteDone(bool ok) override { window_.OnWritten(ok); }
  void OnCancel() override {
    *cancelled_ = true;
    window_.OnCancel();
  }
  // The scheduler's thread may still be leaving OnEmbedded(), so that the last of both deletes the stream.
  void OnDone() override { const std::shared_ptr<EmbedStream> self = std::move(self_); }

 private:
  void StartRead() override { Reactor::StartRead(&incoming_); }
  void StartWrite(const Work& work) override { Reactor::StartWrite(&work.response); }
  void Finish(const absl::Status& status) override {
    AddRetryHint(status, *call_);
    Reactor::Finish(ToGrpcStatus(status));
  }

  void Embed(std::unique_ptr<Work> work) {
    Work* raw = work.release();
    raw->response.set_request_id(raw->request.request_id());
    HandleEmbed(*context_, raw->request.request(), {deadline_, [cancelled = cancelled_] { return cancelled->load(); }},
                raw->response.mutable_response(), [self = self_, raw](const absl::Status& status) {
                  self->OnEmbedded(std::unique_ptr<Work>(raw), status);
                });
  }

  void OnEmbedded(std::unique_ptr<Work> work, const absl::Status& status) {
    if (status.ok()) return window_.OnAnswered(std::move(work));
    window_.OnFault(
        absl::Status(status.code(), absl::StrCat("request \"", work->request.request_id(), "\": ", status.message())));
  }

  std::shared_ptr<EmbedStream> self_{this};
  const RpcContext* const context_;
  grpc::CallbackServerContext* const call_;
  const absl::Time deadline_;
  const std::shared_ptr<std::atomic<bool>> cancelled_ = std::make_shared<std::atomic<bool>>(false);
  v1::EmbedStreamRequest incoming_;  // gRPC's between StartRead() and OnReadDone()
  StreamWindow<Work> window_{this, kWindow};
};

}  // namespace

grpc::ServerBidiReactor<v1::EmbedStreamRequest, v1::EmbedStreamResponse>* NewEmbedStream(
    const RpcContext* context, grpc::CallbackServerContext* call) {
  return new EmbedStream(context, call);
}

}  // namespace senvec
