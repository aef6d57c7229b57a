#pragma once

#include <algorithm>
#include <string>

#include "base/check.h"
#include "encoder/sentence_encoder.h"

namespace senvec {

// An encoder for bulk builds: a text's vector is its first byte and its length, at most kMaxTokens, prompt included; one
// byte is one token. Thread-safe once its members are set.
class BulkEncoder : public SentenceEncoder {
 public:
  static constexpr int32_t kMaxTokens = 40;

  BulkEncoder() {
    info_.dim = 2;
    info_.fingerprint = "bulk";
    info_.max_tokens = kMaxTokens;
  }
  const ModelInfo& info() const override { return info_; }
  const Tokenizer& tokenizer() const override { SENVEC_CHECK(false && "there is none"); }
  absl::StatusOr<std::string> Prompt(absl::string_view) const override { return std::string(); }
  absl::StatusOr<Encoding> Tokenize(absl::string_view, absl::string_view, int32_t) const override {
    return absl::UnimplementedError("not asked for");
  }
  absl::Status Encode(absl::Span<const Encoding* const>, const EncodeOptions&, absl::Span<float>) const override {
    return absl::UnimplementedError("not asked for");
  }
  absl::StatusOr<TextsResult> EncodeTexts(absl::Span<const std::string> texts, absl::string_view prompt,
                                          const EncodeOptions&) const override {
    TextsResult result;
    for (const std::string& text : texts) {
      if (!refused.empty() && text == refused) return absl::InvalidArgumentError("refused");
      if (!failing.empty() && text == failing) return absl::InternalError("broken");
      const std::string whole = std::string(prompt) + text;
      const auto length = static_cast<int32_t>(whole.size());
      const int32_t tokens = std::min(length, kMaxTokens);
      result.rows.push_back(static_cast<float>(static_cast<unsigned char>(whole[0])));
      result.rows.push_back(static_cast<float>(tokens));
      result.num_tokens.push_back(tokens);
      result.num_truncated.push_back(length - tokens);
    }
    return result;
  }

  std::string refused;  // a text that is InvalidArgument
  std::string failing;  // a text at which the encoder breaks

 private:
  ModelInfo info_;
};

}  // namespace senvec
