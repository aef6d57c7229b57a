#include "encoder/tokenizer/pre_tokenizer.h"

#include <array>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/json.h"
#include "base/status_macros.h"
#include "encoder/tokenizer/utf8.h"

namespace senvec {
namespace {

// Words between white space; with `punctuation`, characters of that class are words of their own.
class WordSplit : public PreTokenizer {
 public:
  WordSplit(const CodePointFlags& flags, bool punctuation)
      : flags_(flags), alone_(punctuation ? static_cast<uint16_t>(kPunctuation) : uint16_t{0}) {
    for (uint32_t c = 0; c < ascii_.size(); ++c) ascii_[c] = flags_[c] & (kWhitespace | alone_);
  }

  void Split(NormalizedText& normalized, bool, WordFunction word) const override {
    const absl::string_view text = normalized.text;
    size_t begin = 0;
    for (size_t at = 0; at < text.size();) {
      const size_t here = at;
      const auto byte = static_cast<unsigned char>(text[at]);
      const uint16_t kind = byte < 0x80 ? ascii_[byte] : flags_[DecodeUtf8(text, at)] & (kWhitespace | alone_);
      if (byte < 0x80) ++at;
      if (kind == 0) continue;
      if (begin < here) word(begin, here);
      if ((kind & kWhitespace) == 0) word(here, at);
      begin = at;
    }
    if (begin < text.size()) word(begin, text.size());
  }

 private:
  const CodePointFlags& flags_;
  const uint16_t alone_;
  std::array<uint16_t, 128> ascii_;
};

enum class Prepend { kAlways, kFirst, kNever };

// Spaces become a visible character, which begins every word. With `words`, white space separates first and each
// word is treated on its own.
class Metaspace : public PreTokenizer {
 public:
  Metaspace(std::string replacement, Prepend prepend, bool split, std::unique_ptr<const PreTokenizer> words)
      : replacement_(std::move(replacement)), prepend_(prepend), split_(split), words_(std::move(words)) {}

  void Split(NormalizedText& text, bool at_start, WordFunction word) const override {
    if (text.text.empty()) return;
    NormalizedText marked;
    marked.Clear(text.tracks);
    marked.text.reserve(text.text.size() + text.text.size() / 4 + replacement_.size());
    std::vector<size_t> starts;
    if (words_ == nullptr) {
      starts.push_back(0);
      Mark(text, 0, text.text.size(), at_start, marked);
    } else {
      words_->Split(text, at_start, [&](size_t begin, size_t end) {
        starts.push_back(marked.text.size());
        Mark(text, begin, end, at_start && begin == 0, marked);
      });
    }
    std::swap(text, marked);
    starts.push_back(text.text.size());
    for (size_t i = 0; i + 1 < starts.size(); ++i) Words(text.text, starts[i], starts[i + 1], word);
  }

 private:
  // Appends bytes [begin, end) with spaces replaced, and the replacement before them where the scheme wants it.
  void Mark(const NormalizedText& text, size_t begin, size_t end, bool at_start, NormalizedText& out) const {
    const absl::string_view part = absl::string_view(text.text).substr(begin, end - begin);
    const bool wanted = prepend_ == Prepend::kAlways || (prepend_ == Prepend::kFirst && at_start);
    if (wanted && part[0] != ' ' && !absl::StartsWith(part, replacement_)) {
      out.Append(replacement_, text.OriginAt(begin));
    }
    for (size_t at = begin; at < end;) {
      if (text.text[at] == ' ') {
        out.Append(replacement_, text.OriginAt(at));
        ++at;
        continue;
      }
      const size_t length = Utf8Length(text.text[at]);
      out.Append(absl::string_view(text.text).substr(at, length), text.OriginAt(at));
      at += length;
    }
  }

  void Words(absl::string_view text, size_t begin, size_t end, WordFunction word) const {
    while (begin < end) {
      size_t next = split_ ? text.find(replacement_, begin + 1) : end;
      if (next == absl::string_view::npos || next > end) next = end;
      word(begin, next);
      begin = next;
    }
  }

  const std::string replacement_;
  const Prepend prepend_;
  const bool split_;
  const std::unique_ptr<const PreTokenizer> words_;
};

absl::StatusOr<Prepend> ParsePrepend(const nlohmann::json& json, absl::string_view where) {
  SENVEC_ASSIGN_OR_RETURN(const bool prefix, JsonBoolOr(json, "add_prefix_space", true, where));
  SENVEC_ASSIGN_OR_RETURN(const std::string scheme,
                          JsonStringOr(json, "prepend_scheme", prefix ? "always" : "never", where));
  if (scheme == "always") return Prepend::kAlways;
  if (scheme == "first") return Prepend::kFirst;
  if (scheme == "never") return Prepend::kNever;
  return absl::InvalidArgumentError(
      absl::StrCat(where, ": Metaspace: prepend_scheme is \"", scheme, "\"; it is always, first or never"));
}

absl::StatusOr<std::unique_ptr<const PreTokenizer>> ParseMetaspace(const nlohmann::json& json,
                                                                   std::unique_ptr<const PreTokenizer> words,
                                                                   absl::string_view where) {
  SENVEC_ASSIGN_OR_RETURN(std::string replacement, JsonStringOr(json, "replacement", "\u2581", where));
  SENVEC_ASSIGN_OR_RETURN(const Prepend prepend, ParsePrepend(json, where));
  SENVEC_ASSIGN_OR_RETURN(const bool split, JsonBoolOr(json, "split", true, where));
  if (!IsValidUtf8(replacement) || replacement.empty() || Utf8Length(replacement[0]) != replacement.size()) {
    return absl::InvalidArgumentError(absl::StrCat(where, ": Metaspace: replacement must be one character"));
  }
  return std::make_unique<Metaspace>(std::move(replacement), prepend, split, std::move(words));
}

absl::StatusOr<std::unique_ptr<const PreTokenizer>> ParseSequence(const nlohmann::json& json,
                                                                  const CodePointFlags& flags,
                                                                  absl::string_view where) {
  const auto list = json.find("pretokenizers");
  if (list == json.end() || !list->is_array() || list->empty()) {
    return absl::InvalidArgumentError(absl::StrCat(where, ": pre_tokenizer Sequence has no list \"pretokenizers\""));
  }
  if (list->size() == 1) return ParsePreTokenizer((*list)[0], flags, where);
  SENVEC_ASSIGN_OR_RETURN(const std::string first, JsonString((*list)[0], "type", where));
  SENVEC_ASSIGN_OR_RETURN(const std::string second, JsonString((*list)[1], "type", where));
  if (list->size() == 2 && first == "WhitespaceSplit" && second == "Metaspace") {
    return ParseMetaspace((*list)[1], std::make_unique<WordSplit>(flags, false), where);
  }
  return absl::UnimplementedError(absl::StrCat(where, ": pre_tokenizer Sequence of ", first, " and ", second,
                                               list->size() > 2 ? " and more" : "",
                                               " is not served; served is WhitespaceSplit and Metaspace"));
}

}  // namespace

std::unique_ptr<const PreTokenizer> MakeBertPreTokenizer(const CodePointFlags& flags) {
  return std::make_unique<WordSplit>(flags, true);
}

absl::StatusOr<std::unique_ptr<const PreTokenizer>> ParsePreTokenizer(const nlohmann::json& json,
                                                                      const CodePointFlags& flags,
                                                                      absl::string_view where) {
  if (json.is_null()) {
    return absl::UnimplementedError(absl::StrCat(where, ": a tokenizer without a pre_tokenizer is not served"));
  }
  SENVEC_ASSIGN_OR_RETURN(const std::string type, JsonString(json, "type", absl::StrCat(where, ": pre_tokenizer")));
  if (type == "BertPreTokenizer") return MakeBertPreTokenizer(flags);
  if (type == "WhitespaceSplit") return std::make_unique<WordSplit>(flags, false);
  if (type == "Metaspace") return ParseMetaspace(json, nullptr, where);
  if (type == "Sequence") return ParseSequence(json, flags, where);
  return absl::UnimplementedError(absl::StrCat(where, ": pre_tokenizer \"", type,
                                               "\" is not served; served are BertPreTokenizer, WhitespaceSplit, "
                                               "Metaspace, Sequence"));
}

}  // namespace senvec
