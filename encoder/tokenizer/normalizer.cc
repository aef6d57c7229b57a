#include "encoder/tokenizer/normalizer.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/json.h"
#include "base/status_macros.h"
#include "encoder/tokenizer/bert_normalizer.h"
#include "encoder/tokenizer/precompiled.h"
#include "encoder/tokenizer/utf8.h"

namespace senvec {
namespace {

class Sequence : public Normalizer {
 public:
  explicit Sequence(std::vector<std::unique_ptr<const Normalizer>> steps) : steps_(std::move(steps)) {}

  void Normalize(const NormalizedText& in, NormalizedText& out) const override {
    steps_[0]->Normalize(in, out);
    NormalizedText next;
    for (size_t i = 1; i < steps_.size(); ++i) {
      next.Clear(in.tracks);
      steps_[i]->Normalize(out, next);
      std::swap(out, next);
    }
  }

 private:
  const std::vector<std::unique_ptr<const Normalizer>> steps_;
};

class Replace : public Normalizer {
 public:
  Replace(std::string pattern, bool at_least_two, std::string content)
      : pattern_(std::move(pattern)), at_least_two_(at_least_two), content_(std::move(content)) {}

  void Normalize(const NormalizedText& in, NormalizedText& out) const override {
    const absl::string_view text = in.text;
    size_t at = 0;
    while (at < text.size()) {
      const size_t end = EndOfMatch(text, at);
      if (end == at) {
        out.Append(text.substr(at, 1), in.OriginAt(at));
        ++at;
      } else {
        // The library ascribes what it inserts to the last character that it replaced.
        out.Append(content_, in.OriginAt(end - 1));
        at = end;
      }
    }
  }

 private:
  // Where the match that begins at `at` ends; `at` when there is none.
  size_t EndOfMatch(absl::string_view text, size_t at) const {
    if (!absl::StartsWith(text.substr(at), pattern_)) return at;
    size_t end = at + pattern_.size();
    if (!at_least_two_) return end;
    while (absl::StartsWith(text.substr(end), pattern_)) end += pattern_.size();
    return end - at >= 2 * pattern_.size() ? end : at;
  }

  const std::string pattern_;
  const bool at_least_two_;
  const std::string content_;
};

class Lowercase : public Normalizer {
 public:
  void Normalize(const NormalizedText& in, NormalizedText& out) const override {
    std::vector<uint32_t> lower;
    std::string bytes;
    for (size_t at = 0; at < in.text.size();) {
      const size_t begin = at;
      lower.clear();
      AppendLowerCase(DecodeUtf8(in.text, at), lower);
      bytes.clear();
      for (uint32_t c : lower) AppendUtf8(c, bytes);
      out.Append(bytes, in.OriginAt(begin));
    }
  }
};

absl::StatusOr<std::unique_ptr<const Normalizer>> ParseReplace(const nlohmann::json& json,
                                                               absl::string_view where) {
  SENVEC_ASSIGN_OR_RETURN(std::string content, JsonString(json, "content", where));
  const auto pattern = json.find("pattern");
  if (pattern == json.end() || !pattern->is_object()) {
    return absl::InvalidArgumentError(absl::StrCat(where, ": Replace has no \"pattern\""));
  }
  if (pattern->contains("String")) {
    SENVEC_ASSIGN_OR_RETURN(std::string text, JsonString(*pattern, "String", where));
    if (text.empty()) return absl::InvalidArgumentError(absl::StrCat(where, ": Replace has an empty pattern"));
    return MakeReplace(std::move(text), false, std::move(content));
  }
  SENVEC_ASSIGN_OR_RETURN(const std::string regex, JsonString(*pattern, "Regex", where));
  if (regex == " {2,}") return MakeReplace(" ", true, std::move(content));
  return absl::UnimplementedError(
      absl::StrCat(where, ": Replace with the regular expression \"", absl::CEscape(regex), "\" is not served"));
}

absl::StatusOr<std::unique_ptr<const Normalizer>> ParseSequence(const nlohmann::json& json,
                                                                const CodePointFlags& flags,
                                                                absl::string_view where) {
  const auto list = json.find("normalizers");
  if (list == json.end() || !list->is_array()) {
    return absl::InvalidArgumentError(absl::StrCat(where, ": Sequence has no list \"normalizers\""));
  }
  std::vector<std::unique_ptr<const Normalizer>> steps;
  for (const nlohmann::json& item : *list) {
    SENVEC_ASSIGN_OR_RETURN(auto step, ParseNormalizer(item, flags, where));
    if (step != nullptr) steps.push_back(std::move(step));
  }
  if (steps.empty()) return nullptr;
  return SequenceOf(std::move(steps));
}

}  // namespace

std::unique_ptr<const Normalizer> SequenceOf(std::vector<std::unique_ptr<const Normalizer>> steps) {
  return std::make_unique<Sequence>(std::move(steps));
}
std::unique_ptr<const Normalizer> MakeReplace(std::string pattern, bool at_least_two, std::string content) {
  return std::make_unique<Replace>(std::move(pattern), at_least_two, std::move(content));
}
std::unique_ptr<const Normalizer> MakeLowercase() { return std::make_unique<Lowercase>(); }

absl::StatusOr<std::unique_ptr<const Normalizer>> ParseNormalizer(const nlohmann::json& json,
                                                                  const CodePointFlags& flags,
                                                                  absl::string_view where) {
  if (json.is_null()) return nullptr;
  SENVEC_ASSIGN_OR_RETURN(const std::string type, JsonString(json, "type", absl::StrCat(where, ": normalizer")));
  if (type == "BertNormalizer") return ParseBertNormalizer(json, flags, where);
  if (type == "Precompiled") return ParsePrecompiled(json, flags, where);
  if (type == "Replace") return ParseReplace(json, where);
  if (type == "Lowercase") return MakeLowercase();
  if (type == "Sequence") return ParseSequence(json, flags, where);
  return absl::UnimplementedError(absl::StrCat(where, ": normalizer \"", type,
                                               "\" is not served; served are BertNormalizer, Precompiled, Replace, "
                                               "Lowercase, Sequence"));
}

}  // namespace senvec
