#include <utility>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/json.h"
#include "base/status_macros.h"
#include "encoder/tokenizer/pipeline_tokenizer.h"
#include "encoder/tokenizer/tokenizer.h"
#include "encoder/tokenizer/vocab_txt.h"

namespace senvec {
namespace {

const nlohmann::json& Member(const nlohmann::json& object, const char* key) {
  static const nlohmann::json kNull;
  const auto found = object.find(key);
  return found == object.end() ? kNull : *found;
}

}  // namespace

absl::StatusOr<std::unique_ptr<const Tokenizer>> Tokenizer::FromJson(absl::string_view text,
                                                                     absl::string_view where) {
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json json, ParseJson(text, where));
  if (!json.is_object()) return absl::InvalidArgumentError(absl::StrCat(where, ": expected a JSON object"));
  // "truncation" and "padding" are settings of the last user, not of the vocabulary: the caller's options rule.
  TokenizerParts parts;
  parts.flags = std::make_unique<CodePointFlags>();
  SENVEC_ASSIGN_OR_RETURN(parts.added_tokens, ParseAddedTokens(Member(json, "added_tokens"), where));
  SENVEC_ASSIGN_OR_RETURN(parts.normalizer, ParseNormalizer(Member(json, "normalizer"), *parts.flags, where));
  SENVEC_ASSIGN_OR_RETURN(parts.pre_tokenizer, ParsePreTokenizer(Member(json, "pre_tokenizer"), *parts.flags, where));
  SENVEC_ASSIGN_OR_RETURN(parts.model, ParseTokenModel(Member(json, "model"), where));
  SENVEC_ASSIGN_OR_RETURN(parts.post_template, ParsePostTemplate(Member(json, "post_processor"), where));
  return MakePipelineTokenizer(std::move(parts), where);
}

absl::StatusOr<std::unique_ptr<const Tokenizer>> Tokenizer::FromDirectory(const std::string& directory) {
  const std::string json_path = JoinPath(directory, "tokenizer.json");
  if (FileExists(json_path)) {
    SENVEC_ASSIGN_OR_RETURN(const std::string text, ReadFile(json_path));
    return FromJson(text, json_path);
  }
  if (!FileExists(JoinPath(directory, "vocab.txt"))) {
    return absl::NotFoundError(absl::StrCat(directory, " has neither tokenizer.json nor vocab.txt: the tokenizer is missing"));
  }
  return TokenizerFromVocabTxt(directory);
}

}  // namespace senvec
