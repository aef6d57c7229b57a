#include "encoder/tokenizer/bert_normalizer.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/status_macros.h"
#include "encoder/tokenizer/utf8.h"

namespace senvec {
namespace {

// What becomes of one character.
enum Action : uint32_t {
  kKeep = 0,
  kDrop = 1,
  kPad = 2,      // ' ' on both sides
  kReorder = 3,  // canonical ordering may move it: the text takes the slow way
  kFirstReplacement = 4,
};

class BertNormalizer : public Normalizer {
 public:
  BertNormalizer(const BertNormalizerOptions& options, const CodePointFlags& flags)
      : options_(options), flags_(flags) {
    actions_.Build([this](uint32_t c) { return ActionOf(c); });
    for (uint32_t c = 0; c < ascii_.size(); ++c) {
      const uint32_t action = actions_[c];
      ascii_[c] = action == kDrop ? 0 : action >= kFirstReplacement ? Replacement(action)[0] : static_cast<char>(c);
    }
  }

  void Normalize(const NormalizedText& in, NormalizedText& out) const override {
    out.text.reserve(in.text.size() + in.text.size() / 2);
    for (size_t at = 0; at < in.text.size();) {
      const auto byte = static_cast<unsigned char>(in.text[at]);
      if (byte < 0x80) {
        // 0 is always dropped when anything is, and stands for "dropped" here.
        if (ascii_[byte] != 0 || !options_.clean_text) out.Append(ascii_[byte], in.OriginAt(at));
        ++at;
        continue;
      }
      const size_t begin = at;
      const uint32_t action = actions_[DecodeUtf8(in.text, at)];
      if (action == kReorder) return NormalizeSlowly(in, out);
      Apply(action, absl::string_view(in.text).substr(begin, at - begin), in.OriginAt(begin), out);
    }
  }

 private:
  struct Character {
    uint32_t c;
    ByteSpan origin;
    bool is_further;  // a second or later part of a decomposition
  };

  absl::string_view Replacement(uint32_t action) const { return replacements_[action - kFirstReplacement]; }

  void Apply(uint32_t action, absl::string_view character, ByteSpan origin, NormalizedText& out) const {
    if (action == kKeep) {
      out.Append(character, origin);
    } else if (action == kPad) {
      out.Append(' ', origin);
      out.Append(character, origin);
      out.Append(' ', origin);
    } else if (action >= kFirstReplacement) {
      out.Append(Replacement(action), origin);
    }
  }

  // Clean and pad, the two steps before decomposition.
  template <typename Emit>
  void CleanAndPad(uint32_t c, const Emit& emit) const {
    const uint16_t flags = flags_[c];
    if (options_.clean_text && (flags & kBertDrop) != 0) return;
    if (options_.clean_text && (flags & kBertSpace) != 0) return emit(' ');
    const bool pad = options_.handle_chinese_chars && (flags & kChinese) != 0;
    if (pad) emit(' ');
    emit(c);
    if (pad) emit(' ');
  }

  uint32_t ActionOf(uint32_t c) {
    if (c >= 0xD800 && c < 0xE000) return kKeep;  // not in valid UTF-8
    std::vector<uint32_t> result, decomposed;
    bool reorder = false;
    CleanAndPad(c, [&](uint32_t cleaned) {
      decomposed.assign(1, cleaned);
      if (options_.strip_accents) {
        decomposed.clear();
        AppendDecomposition(cleaned, decomposed);
      }
      for (uint32_t part : decomposed) {
        const bool stripped = options_.strip_accents && flags_.Has(part, kNonspacingMark);
        if (options_.strip_accents && !stripped && CombiningClass(part) != 0) reorder = true;
        if (stripped) continue;
        if (options_.lowercase) {
          AppendLowerCase(part, result);
        } else {
          result.push_back(part);
        }
      }
    });
    if (reorder) return kReorder;
    if (result.empty()) return kDrop;
    if (result.size() == 1 && result[0] == c) return kKeep;
    if (result.size() == 3 && result[0] == ' ' && result[1] == c && result[2] == ' ') return kPad;
    std::string bytes;
    for (uint32_t part : result) AppendUtf8(part, bytes);
    replacements_.push_back(std::move(bytes));
    return static_cast<uint32_t>(kFirstReplacement + replacements_.size() - 1);
  }

  // Puts every run of combining characters into canonical order (The Unicode Standard, 3.11). As in the Hugging Face
  // library, origins do not travel: the first parts of decompositions take the places of the text one after another.
  static void Reorder(std::vector<Character>& characters) {
    std::vector<ByteSpan> places;
    for (const Character& character : characters) {
      if (!character.is_further) places.push_back(character.origin);
    }
    for (size_t i = 0; i < characters.size();) {
      size_t end = i;
      while (end < characters.size() && CombiningClass(characters[end].c) != 0) ++end;
      std::stable_sort(characters.begin() + i, characters.begin() + end, [](const Character& a, const Character& b) {
        return CombiningClass(a.c) < CombiningClass(b.c);
      });
      i = std::max(end, i + 1);
    }
    size_t next = 0;
    for (Character& character : characters) {
      if (!character.is_further) ++next;
      if (next > 0) character.origin = places[next - 1];
    }
  }

  void NormalizeSlowly(const NormalizedText& in, NormalizedText& out) const {
    std::vector<Character> characters;
    std::vector<uint32_t> parts;
    for (size_t at = 0; at < in.text.size();) {
      const ByteSpan origin = in.OriginAt(at);
      CleanAndPad(DecodeUtf8(in.text, at), [&](uint32_t c) {
        parts.clear();
        AppendDecomposition(c, parts);
        for (size_t i = 0; i < parts.size(); ++i) characters.push_back({parts[i], origin, /*is_further=*/i > 0});
      });
    }
    Reorder(characters);
    out.Clear(in.tracks);
    std::string bytes;
    for (const Character& character : characters) {
      if (flags_.Has(character.c, kNonspacingMark)) continue;
      parts.assign(1, character.c);
      if (options_.lowercase) {
        parts.clear();
        AppendLowerCase(character.c, parts);
      }
      bytes.clear();
      for (uint32_t part : parts) AppendUtf8(part, bytes);
      out.Append(bytes, character.origin);
    }
  }

  const BertNormalizerOptions options_;
  const CodePointFlags& flags_;
  CodePointTable<uint32_t> actions_;
  std::vector<std::string> replacements_;
  std::array<char, 128> ascii_;
};

}  // namespace

std::unique_ptr<const Normalizer> MakeBertNormalizer(const BertNormalizerOptions& options,
                                                     const CodePointFlags& flags) {
  return std::make_unique<BertNormalizer>(options, flags);
}

absl::StatusOr<std::unique_ptr<const Normalizer>> ParseBertNormalizer(const nlohmann::json& json,
                                                                      const CodePointFlags& flags,
                                                                      absl::string_view where) {
  BertNormalizerOptions options;
  SENVEC_ASSIGN_OR_RETURN(options.clean_text, JsonBoolOr(json, "clean_text", true, where));
  SENVEC_ASSIGN_OR_RETURN(options.handle_chinese_chars, JsonBoolOr(json, "handle_chinese_chars", true, where));
  SENVEC_ASSIGN_OR_RETURN(options.lowercase, JsonBoolOr(json, "lowercase", true, where));
  SENVEC_ASSIGN_OR_RETURN(options.strip_accents, JsonBoolOr(json, "strip_accents", options.lowercase, where));
  return MakeBertNormalizer(options, flags);
}

}  // namespace senvec
