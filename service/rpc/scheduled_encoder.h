#pragma once

#include <functional>
#include <string>

#include "encoder/sentence_encoder.h"
#include "service/rpc/caller.h"
#include "service/rpc/rpc_context.h"

namespace senvec {

// The server's encoder as one caller sees it: EncodeTexts() goes through the scheduler, in turns with everybody else's
// sentences, and gives the same bits as the encoder's own. A full queue is waited for. Thread-safe.
class ScheduledEncoder : public SentenceEncoder {
 public:
  // Hears how many more texts are encoded; may be empty. Called on the thread that called EncodeTexts().
  using Progress = std::function<void(int64_t texts)>;

  // `context` must outlive the object.
  ScheduledEncoder(const RpcContext& context, Caller caller, Progress progress)
      : context_(context), caller_(std::move(caller)), progress_(std::move(progress)) {}

  const ModelInfo& info() const override { return context_.encoder->info(); }
  const Tokenizer& tokenizer() const override { return context_.encoder->tokenizer(); }
  absl::StatusOr<std::string> Prompt(absl::string_view name) const override {
    return context_.encoder->Prompt(name);
  }
  absl::StatusOr<Encoding> Tokenize(absl::string_view prompt, absl::string_view text,
                                    int32_t max_tokens) const override {
    return context_.encoder->Tokenize(prompt, text, max_tokens);
  }
  // Past the scheduler, for the caller's own use of the encoder.
  absl::Status Encode(absl::Span<const Encoding* const> sentences, const EncodeOptions& options,
                      absl::Span<float> out) const override {
    return context_.encoder->Encode(sentences, options, out);
  }
  // Cancelled and DeadlineExceeded when the caller has left; InvalidArgument for a text without tokens, with the text's
  // beginning; Unavailable when the server stops.
  absl::StatusOr<TextsResult> EncodeTexts(absl::Span<const std::string> texts, absl::string_view prompt,
                                          const EncodeOptions& options) const override;

 private:
  const RpcContext& context_;
  const Caller caller_;
  const Progress progress_;
};

}  // namespace senvec
