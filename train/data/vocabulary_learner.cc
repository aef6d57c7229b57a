#include <algorithm>
#include <array>
#include <queue>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "encoder/tokenizer/utf8.h"
#include "train/data/vocabulary.h"

namespace senvec {
namespace {

constexpr std::array<const char*, 5> kSpecialTokens = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};

struct CharacterCount {
  int64_t count = 0;
  bool inside = false;  // stands in a word of several
  bool alone = false;   // begins a word
};

struct Word {
  std::vector<int32_t> pieces;
  int64_t count = 0;
};

using Pair = std::pair<int32_t, int32_t>;

std::vector<absl::string_view> CharactersOf(absl::string_view word) {
  std::vector<absl::string_view> characters;
  for (size_t at = 0; at < word.size();) {
    const size_t length = std::min(Utf8Length(word[at]), word.size() - at);
    characters.push_back(word.substr(at, length));
    at += length;
  }
  return characters;
}

class Learner {
 public:
  Learner(const absl::flat_hash_map<std::string, int64_t>& counts, const VocabularyOptions& options) : options_(options) {
    sorted_.reserve(counts.size());
    for (const auto& [word, count] : counts) {
      if (!word.empty() && IsValidUtf8(word)) sorted_.emplace_back(word, count);
    }
    std::sort(sorted_.begin(), sorted_.end());
  }

  absl::StatusOr<LearnedVocabulary> Learn() {
    if (sorted_.empty()) return absl::InvalidArgumentError("there is no word in the texts to learn a vocabulary from");
    for (const char* token : kSpecialTokens) AddToken(token);
    TakeCharacters();
    CutWords();
    CountPairs();
    JoinPieces();
    return std::move(result_);
  }

 private:
  bool Full() const { return result_.tokens.size() >= static_cast<size_t>(options_.size); }

  int32_t AddToken(std::string token) {
    const auto [known, is_new] = ids_.try_emplace(token, static_cast<int32_t>(result_.tokens.size()));
    if (is_new) result_.tokens.push_back(std::move(token));
    return known->second;
  }

  absl::flat_hash_map<std::string, CharacterCount> CountCharacters() const {
    absl::flat_hash_map<std::string, CharacterCount> characters;
    // Names and numbers that no text had may still be asked about.
    for (char c = '!'; c <= '~'; ++c) {
      if (options_.lowercase && c >= 'A' && c <= 'Z') continue;
      const bool in_words = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      characters[std::string(1, c)] = {.count = options_.min_frequency, .inside = in_words, .alone = true};
    }
    for (const auto& [word, count] : sorted_) {
      const std::vector<absl::string_view> parts = CharactersOf(word);
      for (size_t i = 0; i < parts.size(); ++i) {
        CharacterCount& character = characters[parts[i]];
        character.count += count;
        character.inside |= i > 0;
        character.alone |= i == 0;
      }
    }
    return characters;
  }

  void TakeCharacters() {
    const auto characters = CountCharacters();
    std::vector<std::pair<int64_t, absl::string_view>> order;
    for (const auto& [character, count] : characters) {
      if (count.count >= options_.min_frequency) order.emplace_back(-count.count, character);
    }
    std::sort(order.begin(), order.end());
    for (const auto& [ignored, character] : order) {
      const CharacterCount& count = characters.at(character);
      if (count.alone && !Full()) AddToken(std::string(character));
      if (count.inside && !Full()) AddToken(absl::StrCat("##", character));
    }
    result_.characters = static_cast<int64_t>(result_.tokens.size() - kSpecialTokens.size());
  }

  void CutWords() {
    for (const auto& [word, count] : sorted_) {
      result_.words += count;
      Word cut = {.count = count};
      for (const absl::string_view character : CharactersOf(word)) {
        const auto id = ids_.find(cut.pieces.empty() ? std::string(character) : absl::StrCat("##", character));
        if (id == ids_.end()) {
          cut.pieces.clear();
          result_.unknown_words += count;
          break;
        }
        cut.pieces.push_back(id->second);
      }
      if (cut.pieces.size() > 1) words_.push_back(std::move(cut));
    }
  }

  void CountPairs() {
    for (size_t w = 0; w < words_.size(); ++w) {
      const Word& word = words_[w];
      for (size_t i = 0; i + 1 < word.pieces.size(); ++i) AddPair({word.pieces[i], word.pieces[i + 1]}, word.count, w);
    }
    for (const auto& [pair, count] : counts_) queue_.push({count, pair});
  }

  void AddPair(Pair pair, int64_t count, size_t word) {
    counts_[pair] += count;
    std::vector<uint32_t>& places = places_[pair];
    if (places.empty() || places.back() != word) places.push_back(static_cast<uint32_t>(word));
  }

  void JoinPieces() {
    while (!Full() && !queue_.empty()) {
      const Candidate best = queue_.top();
      queue_.pop();
      const auto known = counts_.find(best.pair);
      if (known == counts_.end() || known->second <= 0) continue;
      if (known->second != best.count) {
        queue_.push({known->second, best.pair});
        continue;
      }
      if (best.count < options_.min_frequency) return;
      Join(best.pair);
    }
  }

  void Join(Pair pair) {
    const absl::string_view second = result_.tokens[pair.second];
    const int32_t joined = AddToken(absl::StrCat(result_.tokens[pair.first], second.substr(2)));
    const std::vector<uint32_t> places = std::move(places_[pair]);
    places_.erase(pair);
    counts_.erase(pair);
    touched_.clear();
    for (const uint32_t w : places) JoinIn(words_[w], w, pair, joined);
    std::sort(touched_.begin(), touched_.end());
    touched_.erase(std::unique(touched_.begin(), touched_.end()), touched_.end());
    for (const Pair& changed : touched_) {
      if (counts_[changed] > 0) queue_.push({counts_[changed], changed});
    }
  }

  void JoinIn(Word& word, uint32_t w, Pair pair, int32_t joined) {
    std::vector<int32_t> pieces;
    for (size_t i = 0; i < word.pieces.size(); ++i) {
      const bool here = i + 1 < word.pieces.size() && word.pieces[i] == pair.first && word.pieces[i + 1] == pair.second;
      pieces.push_back(here ? joined : word.pieces[i]);
      i += here;
    }
    if (pieces.size() == word.pieces.size()) return;
    for (size_t i = 0; i + 1 < word.pieces.size(); ++i) {
      const Pair old = {word.pieces[i], word.pieces[i + 1]};
      if (old != pair) counts_[old] -= word.count;
    }
    word.pieces = std::move(pieces);
    for (size_t i = 0; i + 1 < word.pieces.size(); ++i) {
      const Pair now = {word.pieces[i], word.pieces[i + 1]};
      AddPair(now, word.count, w);
      // A count that fell is found out when it comes up; only one that rose must be put in line again.
      if (now.first == joined || now.second == joined) touched_.push_back(now);
    }
  }

  struct Candidate {
    int64_t count;
    Pair pair;
    bool operator<(const Candidate& other) const {
      return count != other.count ? count < other.count : pair > other.pair;
    }
  };

  const VocabularyOptions options_;
  std::vector<std::pair<std::string, int64_t>> sorted_;
  LearnedVocabulary result_;
  absl::flat_hash_map<std::string, int32_t> ids_;
  std::vector<Word> words_;
  absl::flat_hash_map<Pair, int64_t> counts_;
  absl::flat_hash_map<Pair, std::vector<uint32_t>> places_;  // words that have or had it
  std::priority_queue<Candidate> queue_;
  std::vector<Pair> touched_;
};

}  // namespace

absl::StatusOr<LearnedVocabulary> LearnVocabulary(const absl::flat_hash_map<std::string, int64_t>& words,
                                                  const VocabularyOptions& options) {
  SENVEC_RETURN_IF_ERROR(options.Validate());
  return Learner(words, options).Learn();
}

}  // namespace senvec
