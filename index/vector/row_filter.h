#pragma once

#include <cstdint>

#include "absl/types/span.h"

namespace senvec {

// Which rows of an index a search may return: a bit a row, row r in bit r % 64 of word r / 64. Bits past the last row
// are zero. A view: the words outlive the search.
class RowFilter {
 public:
  // words: at least ⌈num_rows / 64⌉; `count` = the bits that are set, which plans the search.
  RowFilter(absl::Span<const uint64_t> words, int64_t num_rows, int64_t count)
      : words_(words), num_rows_(num_rows), count_(count) {}

  bool Allows(int64_t row) const {
    return (words_[static_cast<size_t>(row) / 64] >> (static_cast<uint64_t>(row) % 64) & 1) != 0;
  }
  absl::Span<const uint64_t> words() const { return words_; }
  int64_t num_rows() const { return num_rows_; }
  int64_t count() const { return count_; }

 private:
  absl::Span<const uint64_t> words_;
  int64_t num_rows_;
  int64_t count_;
};

}  // namespace senvec
