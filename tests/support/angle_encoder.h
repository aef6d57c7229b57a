#pragma once

#include <cmath>
#include <cstdlib>
#include <string>

#include "encoder/sentence_encoder.h"

namespace senvec {

// An encoder that puts a text of the form "12.5" at that angle (degrees) on a circle, and "zero" at the
// origin. Vectors are not of length 1. Has one prompt, "query", whose text is "1": an angle's first digit.
class AngleEncoder : public SentenceEncoder {
 public:
  AngleEncoder() {
    info_.dim = 2;
    info_.directory = "models/angle";
    info_.fingerprint = "angle";
    info_.precision = "fp32";
  }
  const ModelInfo& info() const override { return info_; }
  const Tokenizer& tokenizer() const override { std::abort(); }
  absl::StatusOr<std::string> Prompt(absl::string_view name) const override {
    if (name == "query") return std::string("1");
    if (name.empty() || name == "none") return std::string();
    return absl::NotFoundError("no such prompt");
  }
  absl::StatusOr<Encoding> Tokenize(absl::string_view, absl::string_view, int32_t) const override {
    return Encoding();
  }
  absl::Status Encode(absl::Span<const Encoding* const>, const EncodeOptions&,
                      absl::Span<float>) const override {
    return absl::UnimplementedError("not asked for");
  }
  absl::StatusOr<TextsResult> EncodeTexts(absl::Span<const std::string> texts,
                                          absl::string_view prompt,
                                          const EncodeOptions&) const override {
    TextsResult result;
    for (const std::string& text : texts) {
      const std::string whole = std::string(prompt) + text;
      const double radius = text == "zero" ? 0 : 3;
      const double angle = std::atof(whole.c_str()) * M_PI / 180;
      result.rows.push_back(static_cast<float>(radius * std::cos(angle)));
      result.rows.push_back(static_cast<float>(radius * std::sin(angle)));
      result.num_tokens.push_back(1);
      result.num_truncated.push_back(0);
      ++num_encoded_;
    }
    return result;
  }
  mutable int64_t num_encoded_ = 0;

 private:
  ModelInfo info_;
};

}  // namespace senvec
