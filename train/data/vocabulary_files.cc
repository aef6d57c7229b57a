#include <array>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/file.h"
#include "base/json.h"
#include "base/status_macros.h"
#include "train/data/vocabulary.h"

namespace senvec {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<const char*, 5> kSpecialTokens = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
constexpr int kCls = 2, kSep = 3;
constexpr int kMaxWordCharacters = 100;  // longer words are [UNK], as in BERT

Json SpecialPiece(const char* token, int type) { return {{"SpecialToken", {{"id", token}, {"type_id", type}}}}; }

Json TextPiece(const char* name, int type) { return {{"Sequence", {{"id", name}, {"type_id", type}}}}; }

Json SpecialEntry(const char* token, int id) {
  return {{"id", token}, {"ids", Json::array({id})}, {"tokens", Json::array({token})}};
}

Json PostProcessor() {
  Json json;
  json["type"] = "TemplateProcessing";
  json["single"] = Json::array({SpecialPiece("[CLS]", 0), TextPiece("A", 0), SpecialPiece("[SEP]", 0)});
  json["pair"] = Json::array({SpecialPiece("[CLS]", 0), TextPiece("A", 0), SpecialPiece("[SEP]", 0), TextPiece("B", 1),
                              SpecialPiece("[SEP]", 1)});
  json["special_tokens"] = {{"[CLS]", SpecialEntry("[CLS]", kCls)}, {"[SEP]", SpecialEntry("[SEP]", kSep)}};
  return json;
}

Json AddedTokens() {
  Json json = Json::array();
  for (size_t id = 0; id < kSpecialTokens.size(); ++id) {
    json.push_back({{"id", id}, {"content", kSpecialTokens[id]}, {"single_word", false}, {"lstrip", false}, {"rstrip", false},
                    {"normalized", false}, {"special", true}});
  }
  return json;
}

std::string Dump(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

std::string FormatTokenizerConfig(const VocabularyOptions& options) {
  Json json;
  json["tokenizer_class"] = "BertTokenizer";
  json["do_lower_case"] = options.lowercase;
  json["strip_accents"] = options.lowercase;
  json["tokenize_chinese_chars"] = true;
  json["pad_token"] = kSpecialTokens[0];
  json["unk_token"] = kSpecialTokens[1];
  json["cls_token"] = kSpecialTokens[2];
  json["sep_token"] = kSpecialTokens[3];
  json["mask_token"] = kSpecialTokens[4];
  return Dump(json);
}

}  // namespace

std::string FormatTokenizerJson(absl::Span<const std::string> tokens, const VocabularyOptions& options) {
  Json json;
  json["version"] = "1.0";
  json["truncation"] = nullptr;
  json["padding"] = nullptr;
  json["added_tokens"] = AddedTokens();
  json["normalizer"] = {{"type", "BertNormalizer"}, {"clean_text", true}, {"handle_chinese_chars", true},
                        {"strip_accents", options.lowercase}, {"lowercase", options.lowercase}};
  json["pre_tokenizer"] = {{"type", "BertPreTokenizer"}};
  json["post_processor"] = PostProcessor();
  json["decoder"] = {{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}};
  // An ordered_json looks for a key from the beginning each time, which is quadratic.
  std::vector<std::string> entries;
  for (size_t id = 0; id < tokens.size(); ++id) entries.push_back(absl::StrCat("      ", DumpJson(tokens[id]), ": ", id));
  json["model"] = {{"type", "WordPiece"}, {"unk_token", "[UNK]"}, {"continuing_subword_prefix", "##"},
                   {"max_input_chars_per_word", kMaxWordCharacters}, {"vocab", nullptr}};
  std::string text = Dump(json);
  const std::string empty = "\"vocab\": null";
  text.replace(text.rfind(empty), empty.size(), absl::StrCat("\"vocab\": {\n", absl::StrJoin(entries, ",\n"), "\n    }"));
  return text;
}

absl::Status WriteVocabulary(absl::Span<const std::string> tokens, const VocabularyOptions& options, const std::string& directory) {
  SENVEC_RETURN_IF_ERROR(MakeDirectories(directory));
  SENVEC_RETURN_IF_ERROR(WriteFileAtomically(JoinPath(directory, "vocab.txt"), absl::StrCat(absl::StrJoin(tokens, "\n"), "\n")));
  SENVEC_RETURN_IF_ERROR(WriteFileAtomically(JoinPath(directory, "tokenizer_config.json"), FormatTokenizerConfig(options)));
  return WriteFileAtomically(JoinPath(directory, "tokenizer.json"), FormatTokenizerJson(tokens, options));
}

}  // namespace senvec
