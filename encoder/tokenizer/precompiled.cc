#include "encoder/tokenizer/precompiled.h"

#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/json.h"
#include "base/status_macros.h"
#include "encoder/tokenizer/grapheme.h"
#include "encoder/tokenizer/utf8.h"

namespace senvec {
namespace {

constexpr size_t kWholeClusterBelow = 6;  // bytes

// Darts-clone's units; https://github.com/s-yata/darts-clone describes the bits.
size_t OffsetOf(uint32_t unit) { return (unit >> 10) << ((unit & (1u << 9)) >> 6); }
bool HasLeaf(uint32_t unit) { return (unit >> 8 & 1) != 0; }
uint32_t LabelOf(uint32_t unit) { return unit & (0x80000000u | 0xFF); }
uint32_t ValueOf(uint32_t unit) { return unit & 0x7FFFFFFFu; }

class Precompiled : public Normalizer {
 public:
  Precompiled(std::vector<uint32_t> trie, std::string replacements, const CodePointFlags& flags)
      : trie_(std::move(trie)), replacements_(std::move(replacements)), flags_(flags) {
    for (uint32_t c = 0; c < ascii_kept_.size(); ++c) {
      const char byte = static_cast<char>(c);
      ascii_kept_[c] = !Find({&byte, 1}).has_value();
    }
    ascii_kept_['\r'] = false;  // may be one cluster with what follows
  }

  void Normalize(const NormalizedText& in, NormalizedText& out) const override {
    const absl::string_view text = in.text;
    out.text.reserve(text.size() + 8);
    for (size_t at = 0; at < text.size();) {
      const auto byte = static_cast<unsigned char>(text[at]);
      const bool ascii_next = at + 1 == text.size() || static_cast<unsigned char>(text[at + 1]) < 0x80;
      if (byte < 0x80 && ascii_next && ascii_kept_[byte]) {
        out.Append(text[at], in.OriginAt(at));
        ++at;
        continue;
      }
      const size_t end = GraphemeEnd(text, at, flags_);
      NormalizeCluster(in, at, end, out);
      at = end;
    }
  }

 private:
  void NormalizeCluster(const NormalizedText& in, size_t begin, size_t end, NormalizedText& out) const {
    const absl::string_view text = in.text;
    if (end - begin < kWholeClusterBelow) {
      if (const auto replacement = Find(text.substr(begin, end - begin))) {
        return AppendReplacement(in, begin, end, *replacement, out);
      }
    }
    for (size_t at = begin; at < end;) {
      const size_t length = Utf8Length(text[at]);
      if (const auto replacement = Find(text.substr(at, length))) {
        AppendReplacement(in, at, at + length, *replacement, out);
      } else {
        out.Append(text.substr(at, length), in.OriginAt(at));
      }
      at += length;
    }
  }

  // The n-th new character stands for the n-th old one, those beyond for the last.
  static void AppendReplacement(const NormalizedText& in, size_t begin, size_t end, absl::string_view replacement,
                                NormalizedText& out) {
    size_t old = begin;
    for (size_t at = 0; at < replacement.size();) {
      const size_t length = Utf8Length(replacement[at]);
      out.Append(replacement.substr(at, length), in.OriginAt(old));
      at += length;
      const size_t next = old + Utf8Length(in.text[old]);
      if (next < end) old = next;
    }
  }

  // What the shortest prefix of `key` that is in the map becomes.
  std::optional<absl::string_view> Find(absl::string_view key) const {
    if (trie_.empty()) return std::nullopt;
    size_t node = OffsetOf(trie_[0]);
    for (char c : key) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte == 0) return std::nullopt;
      node ^= byte;
      if (node >= trie_.size() || LabelOf(trie_[node]) != byte) return std::nullopt;
      const uint32_t unit = trie_[node];
      node ^= OffsetOf(unit);
      if (!HasLeaf(unit)) continue;
      if (node >= trie_.size()) return std::nullopt;
      const size_t at = ValueOf(trie_[node]);
      // A damaged map must not cut a character in two.
      if (at >= replacements_.size() || (static_cast<unsigned char>(replacements_[at]) & 0xC0) == 0x80) {
        return std::nullopt;
      }
      const absl::string_view rest = absl::string_view(replacements_).substr(at);
      return rest.substr(0, rest.find('\0'));
    }
    return std::nullopt;
  }

  const std::vector<uint32_t> trie_;
  const std::string replacements_;  // valid UTF-8, zero-terminated strings
  const CodePointFlags& flags_;
  std::array<bool, 128> ascii_kept_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<const Normalizer>> MakePrecompiled(absl::string_view charsmap,
                                                                  const CodePointFlags& flags,
                                                                  absl::string_view where) {
  uint32_t trie_bytes = 0;
  if (charsmap.size() >= sizeof(trie_bytes)) std::memcpy(&trie_bytes, charsmap.data(), sizeof(trie_bytes));
  const size_t rest = charsmap.size() < sizeof(trie_bytes) ? 0 : charsmap.size() - sizeof(trie_bytes);
  if (charsmap.size() < sizeof(trie_bytes) || trie_bytes % sizeof(uint32_t) != 0 || trie_bytes > rest) {
    return absl::InvalidArgumentError(absl::StrCat(where, ": the precompiled_charsmap is damaged: it has ",
                                                   charsmap.size(), " bytes and announces a trie of ", trie_bytes));
  }
  std::vector<uint32_t> trie(trie_bytes / sizeof(uint32_t));
  std::memcpy(trie.data(), charsmap.data() + sizeof(trie_bytes), trie_bytes);
  std::string replacements(charsmap.substr(sizeof(trie_bytes) + trie_bytes));
  if (!IsValidUtf8(replacements)) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, ": the precompiled_charsmap is damaged: its replacements are no UTF-8"));
  }
  return std::make_unique<Precompiled>(std::move(trie), std::move(replacements), flags);
}

absl::StatusOr<std::unique_ptr<const Normalizer>> ParsePrecompiled(const nlohmann::json& json,
                                                                   const CodePointFlags& flags,
                                                                   absl::string_view where) {
  const auto text = json.find("precompiled_charsmap");
  if (text != json.end() && text->is_null()) return nullptr;
  SENVEC_ASSIGN_OR_RETURN(const std::string base64, JsonString(json, "precompiled_charsmap", where));
  if (base64.empty()) return nullptr;
  std::string charsmap;
  if (!absl::Base64Unescape(base64, &charsmap)) {
    return absl::InvalidArgumentError(absl::StrCat(where, ": the precompiled_charsmap is no base64"));
  }
  return MakePrecompiled(charsmap, flags, where);
}

}  // namespace senvec
