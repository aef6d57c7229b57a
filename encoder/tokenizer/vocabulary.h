#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "encoder/tokenizer/double_array.h"

namespace senvec {

// Tokens and their ids. Immutable, safe for concurrent use.
class Vocabulary {
 public:
  // tokens[id]; an empty string is an id without a token. Of equal tokens the last id counts.
  explicit Vocabulary(std::vector<std::string> tokens);

  int32_t size() const { return static_cast<int32_t>(tokens_.size()); }
  // -1 for an unknown one.
  int32_t Find(absl::string_view token) const { return token.empty() ? -1 : trie_.Find(token); }
  const std::string& Token(int32_t id) const { return tokens_[id]; }  // id in [0, size())
  const DoubleArray& trie() const { return trie_; }

 private:
  std::vector<std::string> tokens_;
  DoubleArray trie_;
};

}  // namespace senvec
