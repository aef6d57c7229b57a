#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "base/thread_pool.h"

namespace senvec {

struct VocabularyOptions {
  int32_t size = 10000;       // entries in all, at most; [256, 2^20]
  int64_t min_frequency = 2;  // of a character or piece; at least 1
  bool lowercase = true;      // lower case and without accents, as BERT's uncased models
  absl::Status Validate() const;
};

// Counts the words of texts: what BERT's normalizer and pre-tokenizer make of them, so that each Chinese character and each
// punctuation mark is a word. Not thread-safe; Add() spreads over the pool.
class WordCounter {
 public:
  explicit WordCounter(const VocabularyOptions& options);
  ~WordCounter();

  // Any bytes; invalid UTF-8 is read as U+FFFD, which is dropped.
  void Add(absl::Span<const std::string> texts, ThreadPool& pool);
  const absl::flat_hash_map<std::string, int64_t>& words() const { return words_; }
  // Forgets what was counted; making a counter costs more than a million words.
  void Clear() { words_.clear(); }

 private:
  struct Steps;
  const std::unique_ptr<const Steps> steps_;
  absl::flat_hash_map<std::string, int64_t> words_;
};

// A WordPiece vocabulary.
struct LearnedVocabulary {
  // [PAD], [UNK], [CLS], [SEP], [MASK]; characters, most frequent first; pieces in the order they were joined. A piece that
  // goes on with a word begins with "##".
  std::vector<std::string> tokens;
  int64_t characters = 0;       // entries of one character, both forms
  int64_t words = 0;            // of the texts
  int64_t unknown_words = 0;    // of them, those with a character that was left out
};

// Characters that are seen at least min_frequency times (ASCII's always), each as the beginning of a word and, where it
// stands inside words, with "##"; then, while there is room, the two neighbouring pieces that stand side by side most
// often become one piece. The same words give the same vocabulary on every machine. InvalidArgument when there is no word.
absl::StatusOr<LearnedVocabulary> LearnVocabulary(const absl::flat_hash_map<std::string, int64_t>& words,
                                                  const VocabularyOptions& options);

// A tokenizer.json with these tokens, as Hugging Face's library and ours read it.
std::string FormatTokenizerJson(absl::Span<const std::string> tokens, const VocabularyOptions& options);
// Writes vocab.txt, tokenizer.json and tokenizer_config.json into a folder, which is made.
absl::Status WriteVocabulary(absl::Span<const std::string> tokens, const VocabularyOptions& options, const std::string& directory);

}  // namespace senvec
