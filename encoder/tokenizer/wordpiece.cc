#include <utility>

#include "absl/strings/strip.h"
#include "absl/strings/str_cat.h"
#include "encoder/tokenizer/token_model.h"
#include "encoder/tokenizer/utf8.h"

namespace senvec {
namespace {

class WordPiece : public TokenModel {
 public:
  WordPiece(std::vector<std::string> tokens, int32_t unknown_id, const std::string& prefix, int32_t max_characters)
      : vocabulary_(std::move(tokens)), unknown_id_(unknown_id), max_characters_(max_characters) {
    std::vector<DoubleArray::Key> continuations;
    for (int32_t id = 0; id < vocabulary_.size(); ++id) {
      absl::string_view token = vocabulary_.Token(id);
      if (vocabulary_.Find(token) != id || !absl::ConsumePrefix(&token, prefix) || token.empty()) continue;
      continuations.emplace_back(token, id);
    }
    continuations_ = DoubleArray::Build(std::move(continuations));
  }

  void Tokenize(absl::string_view word, size_t begin, ModelScratch&, TokenSink& sink) const override {
    const size_t known = sink.ids.size(), known_spans = sink.spans.size();
    const DoubleArray* trie = &vocabulary_.trie();
    if (!TooLong(word)) {
      for (size_t at = 0; at < word.size();) {
        size_t end = at;
        int32_t id = DoubleArray::kNoValue;
        uint32_t node = DoubleArray::kRoot;
        for (size_t i = at; i < word.size() && trie->Step(node, static_cast<unsigned char>(word[i])); ++i) {
          if (trie->Value(node) == DoubleArray::kNoValue) continue;
          id = trie->Value(node);
          end = i + 1;
        }
        if (id == DoubleArray::kNoValue) break;
        sink.Add(id, begin + at, begin + end);
        at = end;
        trie = &continuations_;
        if (at == word.size()) return;
      }
    }
    sink.ids.resize(known);
    sink.spans.resize(known_spans);
    sink.Add(unknown_id_, begin, begin + word.size());
  }

  const Vocabulary& vocabulary() const override { return vocabulary_; }
  std::string kind() const override { return "wordpiece"; }

 private:
  bool TooLong(absl::string_view word) const {
    if (word.size() <= static_cast<size_t>(max_characters_)) return false;
    int32_t characters = 0;
    for (char c : word) characters += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    return characters > max_characters_;
  }

  const Vocabulary vocabulary_;
  DoubleArray continuations_;  // what follows the prefix
  const int32_t unknown_id_;
  const int32_t max_characters_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<const TokenModel>> MakeWordPiece(std::vector<std::string> tokens,
                                                                const std::string& unknown_token,
                                                                const std::string& continuing_prefix,
                                                                int32_t max_characters_per_word,
                                                                absl::string_view where) {
  int32_t unknown_id = -1;
  for (size_t id = 0; id < tokens.size(); ++id) {
    if (tokens[id] == unknown_token) unknown_id = static_cast<int32_t>(id);
  }
  if (unknown_id < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, ": the vocabulary lacks the unknown token \"", unknown_token, "\""));
  }
  if (continuing_prefix.empty()) {
    return absl::UnimplementedError(absl::StrCat(where, ": an empty continuing_subword_prefix is not served"));
  }
  return std::make_unique<WordPiece>(std::move(tokens), unknown_id, continuing_prefix, max_characters_per_word);
}

}  // namespace senvec
