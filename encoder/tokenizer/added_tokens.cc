#include "encoder/tokenizer/added_tokens.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/json.h"
#include "base/status_macros.h"
#include "encoder/tokenizer/utf8.h"

namespace senvec {
namespace {

// Where the white space that ends at `end` begins, not before `lowest`.
size_t SpaceBegin(absl::string_view text, size_t lowest, size_t end, const CodePointFlags& flags) {
  while (end > lowest) {
    size_t begin = end - 1;
    while (begin > lowest && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) --begin;
    size_t at = begin;
    if (!flags.Has(DecodeUtf8(text, at), kWhitespace)) break;
    end = begin;
  }
  return end;
}

size_t SpaceEnd(absl::string_view text, size_t begin, const CodePointFlags& flags) {
  while (begin < text.size()) {
    size_t at = begin;
    if (!flags.Has(DecodeUtf8(text, at), kWhitespace)) break;
    begin = at;
  }
  return begin;
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens, const CodePointFlags& flags)
    : tokens_(std::move(tokens)), flags_(flags) {
  std::vector<DoubleArray::Key> keys;
  for (size_t i = 0; i < tokens_.size(); ++i) {
    keys.emplace_back(tokens_[i].content, static_cast<int32_t>(i));
    is_first_byte_[static_cast<unsigned char>(tokens_[i].content[0])] = true;
  }
  trie_ = DoubleArray::Build(std::move(keys));
}

void AddedTokens::Split(absl::string_view text,
                        absl::FunctionRef<void(size_t, size_t, int32_t)> part) const {
  size_t done = 0;
  for (size_t at = 0; at < text.size();) {
    if (!is_first_byte_[static_cast<unsigned char>(text[at])]) {
      ++at;
      continue;
    }
    int32_t found = DoubleArray::kNoValue;
    uint32_t node = DoubleArray::kRoot;
    for (size_t i = at; i < text.size() && trie_.Step(node, static_cast<unsigned char>(text[i])); ++i) {
      if (trie_.Value(node) != DoubleArray::kNoValue) found = trie_.Value(node);
    }
    if (found == DoubleArray::kNoValue) {
      ++at;
      continue;
    }
    const AddedToken& token = tokens_[found];
    const size_t end = at + token.content.size();
    const size_t begin = token.lstrip ? SpaceBegin(text, done, at, flags_) : at;
    const size_t stop = token.rstrip ? SpaceEnd(text, end, flags_) : end;
    if (done < begin) part(done, begin, -1);
    part(begin, stop, token.id);
    done = stop;
    at = std::max(end, stop);
  }
  if (done < text.size()) part(done, text.size(), -1);
}

absl::StatusOr<std::vector<AddedToken>> ParseAddedTokens(const nlohmann::json& json, absl::string_view where) {
  std::vector<AddedToken> tokens;
  if (json.is_null()) return tokens;
  if (!json.is_array()) return absl::InvalidArgumentError(absl::StrCat(where, ": \"added_tokens\" is no list"));
  constexpr int64_t kMaxId = 1 << 24;
  for (const nlohmann::json& entry : json) {
    const std::string here = absl::StrCat(where, ": added token ", tokens.size());
    AddedToken token;
    SENVEC_ASSIGN_OR_RETURN(const int64_t id, JsonInt(entry, "id", here));
    SENVEC_ASSIGN_OR_RETURN(token.content, JsonString(entry, "content", here));
    SENVEC_ASSIGN_OR_RETURN(token.lstrip, JsonBoolOr(entry, "lstrip", false, here));
    SENVEC_ASSIGN_OR_RETURN(token.rstrip, JsonBoolOr(entry, "rstrip", false, here));
    SENVEC_ASSIGN_OR_RETURN(const bool special, JsonBoolOr(entry, "special", false, here));
    SENVEC_ASSIGN_OR_RETURN(token.normalized, JsonBoolOr(entry, "normalized", !special, here));
    SENVEC_ASSIGN_OR_RETURN(const bool single_word, JsonBoolOr(entry, "single_word", false, here));
    if (single_word) return absl::UnimplementedError(absl::StrCat(here, ": single_word is not served"));
    if (id < 0 || id > kMaxId) return absl::InvalidArgumentError(absl::StrCat(here, ": its id is ", id));
    token.id = static_cast<int32_t>(id);
    const bool known = std::any_of(tokens.begin(), tokens.end(),
                                   [&](const AddedToken& other) { return other.content == token.content; });
    if (known) return absl::InvalidArgumentError(absl::StrCat(here, ": \"", token.content, "\" is there twice"));
    if (!token.content.empty()) tokens.push_back(std::move(token));
  }
  return tokens;
}

}  // namespace senvec
