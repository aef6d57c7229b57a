#include "encoder/tokenizer/vocab_txt.h"

#include <array>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/file.h"
#include "base/json.h"
#include "base/status_macros.h"
#include "encoder/tokenizer/bert_normalizer.h"
#include "encoder/tokenizer/pipeline_tokenizer.h"

namespace senvec {
namespace {

struct SpecialToken {
  const char* key;
  const char* fallback;
};
constexpr std::array<SpecialToken, 5> kSpecialTokens = {{{"pad_token", "[PAD]"},
                                                         {"unk_token", "[UNK]"},
                                                         {"cls_token", "[CLS]"},
                                                         {"sep_token", "[SEP]"},
                                                         {"mask_token", "[MASK]"}}};

std::vector<std::string> ReadTokens(absl::string_view text) {
  std::vector<std::string> tokens;
  absl::ConsumeSuffix(&text, "\n");
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    absl::ConsumeSuffix(&line, "\r");
    tokens.emplace_back(line);
  }
  return tokens;
}

// A token is named by its text or by an object with its "content".
absl::StatusOr<std::string> TokenName(const nlohmann::json& config, const SpecialToken& token, absl::string_view where) {
  const auto entry = config.find(token.key);
  if (entry != config.end() && entry->is_object()) return JsonString(*entry, "content", where);
  return JsonStringOr(config, token.key, token.fallback, where);
}

absl::Status RefuseWordSegmentation(const nlohmann::json& config, absl::string_view where) {
  SENVEC_ASSIGN_OR_RETURN(const std::string tokenizer_class, JsonStringOr(config, "tokenizer_class", "", where));
  if (tokenizer_class != "RoFormerTokenizer" && tokenizer_class != "RoFormerTokenizerFast") return absl::OkStatus();
  return absl::UnimplementedError(
      absl::StrCat(where, ": tokenizer_class ", tokenizer_class,
                   " cuts Chinese words with a dictionary that is not served; character models (BertTokenizer) are"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<const Tokenizer>> TokenizerFromVocabTxt(const std::string& directory) {
  const std::string vocab_path = JoinPath(directory, "vocab.txt");
  const std::string config_path = JoinPath(directory, "tokenizer_config.json");
  SENVEC_ASSIGN_OR_RETURN(const std::string text, ReadFile(vocab_path));
  nlohmann::json config = nlohmann::json::object();
  if (FileExists(config_path)) {
    SENVEC_ASSIGN_OR_RETURN(config, ReadJsonFile(config_path));
  }
  SENVEC_RETURN_IF_ERROR(RefuseWordSegmentation(config, config_path));
  BertNormalizerOptions options;
  SENVEC_ASSIGN_OR_RETURN(options.lowercase, JsonBoolOr(config, "do_lower_case", true, config_path));
  SENVEC_ASSIGN_OR_RETURN(options.strip_accents, JsonBoolOr(config, "strip_accents", options.lowercase, config_path));
  SENVEC_ASSIGN_OR_RETURN(options.handle_chinese_chars,
                          JsonBoolOr(config, "tokenize_chinese_chars", true, config_path));
  TokenizerParts parts;
  std::vector<std::string> tokens = ReadTokens(text);
  std::array<std::string, kSpecialTokens.size()> names;
  for (size_t i = 0; i < kSpecialTokens.size(); ++i) {
    SENVEC_ASSIGN_OR_RETURN(names[i], TokenName(config, kSpecialTokens[i], config_path));
  }
  SENVEC_ASSIGN_OR_RETURN(parts.model, MakeWordPiece(std::move(tokens), names[1], "##", 100, vocab_path));
  std::array<int32_t, kSpecialTokens.size()> ids;
  for (size_t i = 0; i < names.size(); ++i) {
    ids[i] = parts.model->vocabulary().Find(names[i]);
    const bool needed = i == 2 || i == 3;
    if (ids[i] < 0 && needed) {
      return absl::InvalidArgumentError(absl::StrCat(vocab_path, ": the ", kSpecialTokens[i].key, " \"", names[i], "\" is missing"));
    }
    if (ids[i] >= 0) parts.added_tokens.push_back({.id = ids[i], .content = names[i]});
  }
  parts.flags = std::make_unique<CodePointFlags>();
  parts.normalizer = MakeBertNormalizer(options, *parts.flags);
  parts.pre_tokenizer = MakeBertPreTokenizer(*parts.flags);
  parts.post_template = BertTemplate(ids[2], ids[3]);
  return MakePipelineTokenizer(std::move(parts), vocab_path);
}

}  // namespace senvec
