#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "encoder/sentence_encoder.h"

namespace senvec {

// What is the same for every SentenceEncoder, whatever computes its vectors: prompts, tokens, checks.
class EncoderFront : public SentenceEncoder {
 public:
  const ModelInfo& info() const override { return info_; }
  const Tokenizer& tokenizer() const override { return *tokenizer_; }
  absl::StatusOr<std::string> Prompt(absl::string_view name) const override;
  absl::StatusOr<Encoding> Tokenize(absl::string_view prompt, absl::string_view text,
                                    int32_t max_tokens) const override;
  absl::StatusOr<TextsResult> EncodeTexts(absl::Span<const std::string> texts, absl::string_view prompt,
                                          const EncodeOptions& options) const override;

 protected:
  // What the model has tables for.
  struct Limits {
    int32_t positions = 0;
    int32_t vocab_size = 0;
    int32_t type_vocab_size = 0;
  };

  EncoderFront(ModelInfo info, std::unique_ptr<const Tokenizer> tokenizer, const Limits& limits, ThreadPool* pool);
  // What Encode() refuses.
  absl::Status Check(absl::Span<const Encoding* const> sentences) const;
  ThreadPool& pool() const { return *pool_; }
  // Before the encoder is handed out.
  void SetPrecisionReport(std::string report) { info_.precision_report = std::move(report); }

 private:
  absl::Status CheckOne(const Encoding& sentence, size_t index) const;

  ModelInfo info_;
  const std::unique_ptr<const Tokenizer> tokenizer_;
  const Limits limits_;
  ThreadPool* const pool_;
};

}  // namespace senvec
