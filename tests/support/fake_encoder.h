#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/mutex.h"
#include "encoder/sentence_encoder.h"

namespace senvec {

// An encoder without a model: a token is a byte, and NUL is none; a sentence's vector is (its first id, its length). Records what it was
// asked to encode.
class FakeEncoder : public SentenceEncoder {
 public:
  FakeEncoder() {
    info_.dim = 2;
    info_.max_tokens = 16;
    info_.fingerprint = "fake";
    info_.precision = "fp32";
  }
  const ModelInfo& info() const override { return info_; }
  const Tokenizer& tokenizer() const override { SENVEC_CHECK(false && "there is none"); }
  absl::StatusOr<std::string> Prompt(absl::string_view) const override { return std::string(); }
  absl::StatusOr<Encoding> Tokenize(absl::string_view prompt, absl::string_view text,
                                    int32_t max_tokens) const override {
    if (before_tokenize) before_tokenize(text);
    if (max_tokens > info_.max_tokens) return absl::InvalidArgumentError("max_tokens is too high");
    std::string whole = std::string(prompt) + std::string(text);
    whole.erase(std::remove(whole.begin(), whole.end(), '\0'), whole.end());
    const size_t limit = static_cast<size_t>(max_tokens > 0 ? max_tokens : info_.max_tokens);
    Encoding encoding;
    for (size_t i = 0; i < std::min(limit, whole.size()); ++i) {
      encoding.ids.push_back(static_cast<unsigned char>(whole[i]));
    }
    encoding.type_ids.resize(encoding.ids.size());
    encoding.num_truncated = static_cast<int32_t>(whole.size() - encoding.ids.size());
    return encoding;
  }
  absl::StatusOr<TextsResult> EncodeTexts(absl::Span<const std::string>, absl::string_view,
                                          const EncodeOptions&) const override {
    return absl::UnimplementedError("not asked for");
  }
  absl::Status Encode(absl::Span<const Encoding* const> sentences, const EncodeOptions&,
                      absl::Span<float> out) const override {
    if (before_encode) before_encode();
    std::vector<int32_t> ids;
    for (size_t i = 0; i < sentences.size(); ++i) {
      ids.push_back(sentences[i]->ids[0]);
      out[2 * i] = static_cast<float>(sentences[i]->ids[0]);
      out[2 * i + 1] = static_cast<float>(sentences[i]->ids.size());
    }
    MutexLock lock(&mutex_);
    batches_.push_back(std::move(ids));
    return std::find(batches_.back().begin(), batches_.back().end(), -1) == batches_.back().end()
               ? absl::OkStatus()
               : absl::InvalidArgumentError("token id -1");
  }

  // First ids of the sentences of each batch so far.
  std::vector<std::vector<int32_t>> batches() const {
    MutexLock lock(&mutex_);
    return batches_;
  }
  std::function<void()> before_encode;
  std::function<void(absl::string_view text)> before_tokenize;

 private:
  ModelInfo info_;
  mutable Mutex mutex_;
  mutable std::vector<std::vector<int32_t>> batches_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace senvec
