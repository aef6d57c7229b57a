#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "encoder/tokenizer/tokenizer.h"

namespace senvec {

// BERT's tokenizer from DIR/vocab.txt (one token a line; the line's number is the id) and DIR/tokenizer_config.json
// (do_lower_case, strip_accents, tokenize_chinese_chars, the special tokens' names; each may be absent and then has
// transformers' default).
absl::StatusOr<std::unique_ptr<const Tokenizer>> TokenizerFromVocabTxt(const std::string& directory);

}  // namespace senvec
