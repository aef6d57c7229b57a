#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "encoder/tokenizer/code_points.h"
#include "encoder/tokenizer/double_array.h"

namespace senvec {

// A token that is found in the text itself, before anything is normalized: "[CLS]", "<mask>".
struct AddedToken {
  int32_t id = 0;
  std::string content;
  bool lstrip = false;      // swallows white space before it
  bool rstrip = false;      // … after it
  bool normalized = false;  // looked for in the normalized text instead
};

// Finds added tokens, the leftmost and of those the longest. Immutable, safe for concurrent use.
class AddedTokens {
 public:
  // `flags` must outlive the object.
  AddedTokens(std::vector<AddedToken> tokens, const CodePointFlags& flags);

  bool empty() const { return tokens_.empty(); }
  // Calls part(begin, end, id) for the stretches of `text` in order; id is -1 for what is no added token.
  void Split(absl::string_view text, absl::FunctionRef<void(size_t begin, size_t end, int32_t id)> part) const;

 private:
  std::vector<AddedToken> tokens_;
  const CodePointFlags& flags_;
  DoubleArray trie_;  // content → index
  bool is_first_byte_[256] = {};
};

// Reads the "added_tokens" of a tokenizer.json. Unimplemented for single_word.
absl::StatusOr<std::vector<AddedToken>> ParseAddedTokens(const nlohmann::json& json, absl::string_view where);

}  // namespace senvec
