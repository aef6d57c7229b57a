#pragma once

#include <memory>

#include "encoder/tokenizer/normalizer.h"

namespace senvec {

struct BertNormalizerOptions {
  bool clean_text = true;            // control characters out, white space to ' '
  bool handle_chinese_chars = true;  // spaces around ideographs
  bool strip_accents = true;         // NFD without nonspacing marks
  bool lowercase = true;
};

// The normalizer of BERT's "basic tokenizer". `flags` is used here only.
std::unique_ptr<const Normalizer> MakeBertNormalizer(const BertNormalizerOptions& options,
                                                     const CodePointFlags& flags);
// From tokenizer.json; strip_accents null means: as lowercase.
absl::StatusOr<std::unique_ptr<const Normalizer>> ParseBertNormalizer(const nlohmann::json& json,
                                                                      const CodePointFlags& flags,
                                                                      absl::string_view where);

}  // namespace senvec
