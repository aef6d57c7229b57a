#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "encoder/tokenizer/code_points.h"
#include "train/data/train_config.h"

namespace senvec {

// Hashes by which texts are compared: equal for texts that differ in nothing but white space, punctuation, case,
// width of characters and combining marks. A text of punctuation only is taken as it is.
class TextFolder {
 public:
  uint64_t Hash(absl::string_view text) const;
  // Of two texts in either order.
  static uint64_t PairHash(uint64_t a, uint64_t b);

 private:
  const CodePointFlags flags_;
};

// Knows the sentences and pairs of evaluation files. Immutable after Add(), safe for concurrent use.
class LeakGuard {
 public:
  struct Place {
    int32_t file = 0;  // of files()
    uint32_t line = 0;
  };

  // Adds the texts of each line, and all pairs of texts that a line has. In a line of fields between tabs every field is
  // a text but numbers and the words entailment, neutral and contradiction; in an object of a .jsonl every string is but
  // those of id, _id, label, label_text and group.
  absl::Status Add(const std::string& path);

  // Where a sentence, or a row's pair (the first text with each of the others), stands.
  std::optional<Place> FindSentence(uint64_t hash) const;
  std::optional<Place> FindPair(absl::Span<const uint64_t> row) const;
  // At this level: any sentence of the row for kSentences, its pairs for kPairs (or its only text).
  std::optional<Place> Find(absl::Span<const uint64_t> row, GuardLevel level) const;

  const std::vector<std::string>& files() const { return files_; }
  const TextFolder& folder() const { return folder_; }

 private:
  void AddTexts(absl::Span<const std::string> texts, uint32_t line);

  TextFolder folder_;
  std::vector<std::string> files_;
  absl::flat_hash_map<uint64_t, Place> sentences_;
  absl::flat_hash_map<uint64_t, Place> pairs_;
};

}  // namespace senvec
