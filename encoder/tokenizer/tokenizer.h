#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace senvec {

// Half-open range of bytes in the text that was given.
struct ByteSpan {
  uint32_t begin = 0;
  uint32_t end = 0;
  friend bool operator==(const ByteSpan&, const ByteSpan&) = default;
};

// One tokenised text or pair, special tokens included. The vectors have equal length; `offsets` is empty unless
// asked for.
struct Encoding {
  std::vector<int32_t> ids;
  std::vector<int32_t> type_ids;
  // Where each token came from: bytes of the first text (type 0) or the second one; {0,0} for special tokens.
  std::vector<ByteSpan> offsets;
  // Tokens cut off to respect max_tokens; 0 = the whole text is here.
  int32_t num_truncated = 0;
};

struct TokenizeOptions {
  // Longest result in tokens, special ones included; 0 = no limit. At least the number of special tokens.
  int32_t max_tokens = 0;
  bool add_special_tokens = true;
  bool want_offsets = false;
};

// Turns text into the ids a model was trained on, equal to those of Hugging Face `tokenizers` for the same
// tokenizer.json. Invalid UTF-8 is read as U+FFFD, one for each maximal ill-formed part, as Python's
// errors="replace" does.
//
// Immutable after construction, safe for concurrent use.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // Reads DIR/tokenizer.json, or DIR/vocab.txt with DIR/tokenizer_config.json when there is no tokenizer.json.
  // NotFound when neither is there; InvalidArgument with file and key when one is damaged; Unimplemented, naming
  // it, for a component this reader does not know (nothing is skipped silently).
  static absl::StatusOr<std::unique_ptr<const Tokenizer>> FromDirectory(const std::string& directory);
  // The same from the bytes of a tokenizer.json; `where` names them in errors.
  static absl::StatusOr<std::unique_ptr<const Tokenizer>> FromJson(absl::string_view json,
                                                                   absl::string_view where);

  // Never fails: any bytes give ids.
  virtual Encoding Encode(absl::string_view text, const TokenizeOptions& options) const = 0;
  // Truncation takes from the longer of the two first ("longest_first").
  virtual Encoding EncodePair(absl::string_view first, absl::string_view second,
                              const TokenizeOptions& options) const = 0;

  // Number of ids the vocabulary and added tokens span: every id is in [0, vocab_size()).
  virtual int32_t vocab_size() const = 0;
  // The token's text, e.g. "##ing" or "▁the"; empty for an unknown id.
  virtual std::string IdToToken(int32_t id) const = 0;
  // -1 when the token is not in the vocabulary.
  virtual int32_t TokenToId(absl::string_view token) const = 0;
  // Special tokens that one text gets ([CLS] and [SEP]: 2).
  virtual int32_t num_special_tokens() const = 0;
  // "wordpiece" or "unigram".
  virtual std::string kind() const = 0;
};

}  // namespace senvec
