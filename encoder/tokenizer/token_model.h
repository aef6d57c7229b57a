#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "encoder/tokenizer/tokenizer.h"
#include "encoder/tokenizer/vocabulary.h"

namespace senvec {

// Where a model puts the tokens of one word after the other. Spans are bytes of the normalized text.
struct TokenSink {
  std::vector<int32_t> ids;
  std::vector<ByteSpan> spans;  // kept only when wanted
  bool want_spans = false;

  void Add(int32_t id, size_t begin, size_t end) {
    ids.push_back(id);
    if (want_spans) spans.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
  }
};

// Buffers that a model reuses from word to word; one per call of the tokenizer.
struct ModelScratch {
  struct Node {
    double score;
    int32_t begin;  // -1 = not reached
    int32_t id;
  };
  std::vector<Node> lattice;
};

// Cuts a word into tokens. Immutable, safe for concurrent use.
class TokenModel {
 public:
  virtual ~TokenModel() = default;
  // `word`: valid UTF-8, not empty; it begins at byte `begin` of the normalized text.
  virtual void Tokenize(absl::string_view word, size_t begin, ModelScratch& scratch, TokenSink& sink) const = 0;
  virtual const Vocabulary& vocabulary() const = 0;
  virtual std::string kind() const = 0;
};

// Greedy, longest match first; a word that cannot be covered, or has more characters than the limit, is the unknown
// token. InvalidArgument when the vocabulary lacks the unknown token.
absl::StatusOr<std::unique_ptr<const TokenModel>> MakeWordPiece(std::vector<std::string> tokens,
                                                                const std::string& unknown_token,
                                                                const std::string& continuing_prefix,
                                                                int32_t max_characters_per_word,
                                                                absl::string_view where);

// The most probable cut under a unigram language model (Viterbi); neighbouring unknown characters are one token.
// scores: natural logarithms, one for each token.
absl::StatusOr<std::unique_ptr<const TokenModel>> MakeUnigram(std::vector<std::string> tokens,
                                                              std::vector<double> scores, int32_t unknown_id,
                                                              absl::string_view where);

// Reads the "model" of a tokenizer.json.
absl::StatusOr<std::unique_ptr<const TokenModel>> ParseTokenModel(const nlohmann::json& json,
                                                                  absl::string_view where);

}  // namespace senvec
