#include "encoder/tokenizer/token_model.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/json.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

constexpr int64_t kMaxVocabulary = 1 << 24;

absl::StatusOr<std::unique_ptr<const TokenModel>> ParseWordPiece(const nlohmann::json& json,
                                                                 const nlohmann::json& vocab,
                                                                 absl::string_view where) {
  if (!vocab.is_object()) {
    return absl::InvalidArgumentError(absl::StrCat(where, ": model: \"vocab\" is no object"));
  }
  // Some vocabularies have gaps, but none is mostly gaps: a wild id must not cost memory.
  const int64_t limit = std::min<int64_t>(kMaxVocabulary, 4 * static_cast<int64_t>(vocab.size()) + 1000);
  std::vector<std::string> tokens;
  for (const auto& [token, id] : vocab.items()) {
    if (!id.is_number_integer() || id.get<int64_t>() < 0 || id.get<int64_t>() >= limit) {
      return absl::InvalidArgumentError(absl::StrCat(where, ": model: the id of \"", token, "\" is ", id.dump()));
    }
    const size_t index = id.get<size_t>();
    if (tokens.size() <= index) tokens.resize(index + 1);
    if (!tokens[index].empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(where, ": model: \"", tokens[index], "\" and \"", token, "\" have the same id ", index));
    }
    tokens[index] = token;
  }
  SENVEC_ASSIGN_OR_RETURN(const std::string unknown, JsonStringOr(json, "unk_token", "[UNK]", where));
  SENVEC_ASSIGN_OR_RETURN(const std::string prefix, JsonStringOr(json, "continuing_subword_prefix", "##", where));
  SENVEC_ASSIGN_OR_RETURN(const int64_t longest, JsonIntOr(json, "max_input_chars_per_word", 100, where));
  if (longest < 1 || longest > std::numeric_limits<int32_t>::max()) {
    return absl::InvalidArgumentError(absl::StrCat(where, ": model: max_input_chars_per_word is ", longest));
  }
  return MakeWordPiece(std::move(tokens), unknown, prefix, static_cast<int32_t>(longest), where);
}

absl::StatusOr<std::unique_ptr<const TokenModel>> ParseUnigram(const nlohmann::json& json,
                                                               const nlohmann::json& vocab,
                                                               absl::string_view where) {
  SENVEC_ASSIGN_OR_RETURN(const bool byte_fallback, JsonBoolOr(json, "byte_fallback", false, where));
  if (byte_fallback) return absl::UnimplementedError(absl::StrCat(where, ": model: byte_fallback is not served"));
  if (!vocab.is_array()) return absl::InvalidArgumentError(absl::StrCat(where, ": model: \"vocab\" is no list"));
  std::vector<std::string> tokens;
  std::vector<double> scores;
  for (const nlohmann::json& entry : vocab) {
    if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() || !entry[1].is_number()) {
      return absl::InvalidArgumentError(
          absl::StrCat(where, ": model: vocab entry ", tokens.size(), " is no pair of token and score"));
    }
    tokens.push_back(entry[0].get<std::string>());
    scores.push_back(entry[1].get<double>());
  }
  SENVEC_ASSIGN_OR_RETURN(const int64_t unknown, JsonInt(json, "unk_id", where));
  if (unknown < 0 || unknown > kMaxVocabulary) {
    return absl::InvalidArgumentError(absl::StrCat(where, ": model: unk_id is ", unknown));
  }
  return MakeUnigram(std::move(tokens), std::move(scores), static_cast<int32_t>(unknown), where);
}

}  // namespace

absl::StatusOr<std::unique_ptr<const TokenModel>> ParseTokenModel(const nlohmann::json& json,
                                                                  absl::string_view where) {
  const auto vocab = json.find("vocab");
  if (!json.is_object() || vocab == json.end()) {
    return absl::InvalidArgumentError(absl::StrCat(where, ": there is no model with a \"vocab\""));
  }
  // Old files leave the type out; the vocabulary's form tells.
  SENVEC_ASSIGN_OR_RETURN(
      const std::string type,
      JsonStringOr(json, "type", vocab->is_array() ? "Unigram" : "WordPiece", absl::StrCat(where, ": model")));
  if (type == "WordPiece") return ParseWordPiece(json, *vocab, where);
  if (type == "Unigram") return ParseUnigram(json, *vocab, where);
  return absl::UnimplementedError(
      absl::StrCat(where, ": model \"", type, "\" is not served; served are WordPiece and Unigram"));
}

}  // namespace senvec
