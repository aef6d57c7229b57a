#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "base/hash.h"
#include "base/thread_pool.h"
#include "encoder/tokenizer/tokenizer.h"

namespace senvec {

// What a tokenizer puts around one text and around two.
struct SequenceFrame {
  std::vector<int32_t> before, after;                        // one text
  std::vector<int32_t> pair_before, pair_middle, pair_after;  // two texts
  // Type ids; pair_* go with the pieces above, type_b with the second text.
  std::vector<int32_t> pair_before_types, pair_middle_types, pair_after_types;
  int32_t type_a = 0, type_b = 0;

  static absl::StatusOr<SequenceFrame> Of(const Tokenizer& tokenizer);
  int32_t size() const { return static_cast<int32_t>(before.size() + after.size()); }
  int32_t pair_size() const {
    return static_cast<int32_t>(pair_before.size() + pair_middle.size() + pair_after.size());
  }
};

// Texts, each kept once with its tokens: 2 bytes a token where the vocabulary has at most 65,536
// entries, else 4. A million sentences of 24 tokens take some 200 MB with their texts. Add() is for one
// thread; after Tokenize() it is immutable and safe for concurrent use.
class TextStore {
 public:
  // The number of `text`: that of an equal one before it, or the next. At most 2^31 − 1 texts.
  int32_t Add(absl::string_view text);
  // Tokenises all texts, `prompt` before each, at most `max_tokens` of them kept, without special
  // tokens. Once.
  void Tokenize(const Tokenizer& tokenizer, absl::string_view prompt, int32_t max_tokens, ThreadPool& pool);

  int32_t size() const { return static_cast<int32_t>(text_ends_.size()); }
  absl::string_view text(int32_t i) const;
  // Of the text, whatever the tokenizer is.
  uint64_t hash(int32_t i) const { return hashes_[i]; }
  // Tokens kept, without special ones.
  int32_t num_tokens(int32_t i) const;
  // Tokens the text has, kept or not.
  int32_t full_tokens(int32_t i) const { return full_tokens_[i]; }
  // Appends the first `count` tokens, at most num_tokens(i).
  void AppendTokens(int32_t i, int32_t count, std::vector<int32_t>& out) const;
  // Bytes held.
  size_t memory_bytes() const;

 private:
  std::string bytes_;                 // the texts one after the other
  std::vector<uint64_t> text_ends_;   // in bytes_
  std::vector<uint64_t> hashes_;
  absl::flat_hash_map<std::pair<uint64_t, uint64_t>, int32_t> known_;  // hash → text; emptied by Tokenize()
  std::vector<uint64_t> token_ends_;
  std::vector<int32_t> full_tokens_;
  std::vector<uint16_t> narrow_;      // one of these two
  std::vector<int32_t> wide_;
};

}  // namespace senvec
