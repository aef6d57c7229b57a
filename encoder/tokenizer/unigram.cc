#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "encoder/tokenizer/token_model.h"
#include "encoder/tokenizer/utf8.h"

namespace senvec {
namespace {

// An unknown character costs this much more than the rarest token; the constant is SentencePiece's.
constexpr double kUnknownPenalty = 10.0;

class Unigram : public TokenModel {
 public:
  Unigram(std::vector<std::string> tokens, std::vector<double> scores, int32_t unknown_id)
      : vocabulary_(std::move(tokens)),
        scores_(std::move(scores)),
        unknown_id_(unknown_id),
        unknown_score_(*std::min_element(scores_.begin(), scores_.end()) - kUnknownPenalty) {}

  void Tokenize(absl::string_view word, size_t begin, ModelScratch& scratch, TokenSink& sink) const override {
    FillLattice(word, scratch.lattice);
    const size_t first = sink.ids.size(), first_span = sink.spans.size();
    Backtrack(word, begin, scratch.lattice, sink);
    std::reverse(sink.ids.begin() + first, sink.ids.end());
    std::reverse(sink.spans.begin() + first_span, sink.spans.end());
  }

  const Vocabulary& vocabulary() const override { return vocabulary_; }
  std::string kind() const override { return "unigram"; }

 private:
  using Node = ModelScratch::Node;

  // The first of equally good ways stays, as in the library we must equal.
  static void Offer(Node& node, double score, size_t begin, int32_t id) {
    if (node.begin >= 0 && score <= node.score) return;
    node = {score, static_cast<int32_t>(begin), id};
  }

  void FillLattice(absl::string_view word, std::vector<Node>& lattice) const {
    lattice.assign(word.size() + 1, {0.0, -1, 0});
    const DoubleArray& trie = vocabulary_.trie();
    for (size_t at = 0; at < word.size();) {
      const size_t length = Utf8Length(word[at]);
      const double score = lattice[at].score;
      bool has_single = false;
      uint32_t node = DoubleArray::kRoot;
      for (size_t i = at; i < word.size() && trie.Step(node, static_cast<unsigned char>(word[i])); ++i) {
        const int32_t id = trie.Value(node);
        if (id == DoubleArray::kNoValue) continue;
        Offer(lattice[i + 1], scores_[id] + score, at, id);
        has_single |= i + 1 - at == length;
      }
      if (!has_single) Offer(lattice[at + length], unknown_score_ + score, at, unknown_id_);
      at += length;
    }
  }

  // From the end; unknown neighbours fuse.
  void Backtrack(absl::string_view word, size_t begin, const std::vector<Node>& lattice, TokenSink& sink) const {
    for (size_t end = word.size(); end > 0;) {
      size_t from = lattice[end].begin;
      int32_t id = lattice[end].id;
      if (id == unknown_id_) {
        while (from > 0 && lattice[from].id == unknown_id_) from = lattice[from].begin;
        // What was fused is looked up again as one string.
        const int32_t whole = vocabulary_.Find(word.substr(from, end - from));
        if (whole >= 0) id = whole;
      }
      sink.Add(id, begin + from, begin + end);
      end = from;
    }
  }

  const Vocabulary vocabulary_;
  const std::vector<double> scores_;
  const int32_t unknown_id_;
  const double unknown_score_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<const TokenModel>> MakeUnigram(std::vector<std::string> tokens,
                                                              std::vector<double> scores, int32_t unknown_id,
                                                              absl::string_view where) {
  if (tokens.empty() || unknown_id < 0 || unknown_id >= static_cast<int32_t>(tokens.size())) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, ": unk_id is ", unknown_id, ", the vocabulary has ", tokens.size(), " tokens"));
  }
  for (size_t id = 0; id < scores.size(); ++id) {
    if (!std::isfinite(scores[id])) {
      return absl::InvalidArgumentError(absl::StrCat(where, ": the score of token ", id, " is ", scores[id]));
    }
  }
  return std::make_unique<Unigram>(std::move(tokens), std::move(scores), unknown_id);
}

}  // namespace senvec
