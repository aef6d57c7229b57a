#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace senvec {

// What a code point is to the tokenizers our ids must equal. The order is that of scripts/make_unicode_tables.py.
enum CodePointFlag : uint16_t {
  kBertDrop = 1 << 0,           // BertNormalizer's clean_text removes it
  kBertSpace = 1 << 1,          // … makes it a space
  kChinese = 1 << 2,            // BertNormalizer puts spaces around it
  kNonspacingMark = 1 << 3,     // Mn: strip_accents removes it
  kPunctuation = 1 << 4,        // BertPreTokenizer makes it a word of its own
  kWhitespace = 1 << 5,         // separates words
  kGraphemeAttach = 1 << 6,     // belongs to the character before it
  kGraphemeControl = 1 << 7,    // belongs to no other character
  kGraphemePrepend = 1 << 8,    // belongs to the character after it
  kPictograph = 1 << 9,         // joins a pictograph before it through U+200D
  kConjunctConsonant = 1 << 10, // joins a consonant before it through a linker
};

constexpr uint32_t kCodePointLimit = 0x110000;

// A value for every code point in two steps, equal blocks stored once. Immutable after Build().
template <typename T>
class CodePointTable {
 public:
  // value(c) is asked once for every code point.
  template <typename Function>
  void Build(const Function& value) {
    blocks_.clear();
    std::array<T, kBlock> block;
    for (uint32_t first = 0; first < kCodePointLimit; first += kBlock) {
      for (uint32_t i = 0; i < kBlock; ++i) block[i] = value(first + i);
      // Equal blocks are neighbours nearly always (unassigned and ideographic planes).
      if (blocks_.size() < kBlock || !std::equal(block.begin(), block.end(), blocks_.end() - kBlock)) {
        blocks_.insert(blocks_.end(), block.begin(), block.end());
      }
      index_[first / kBlock] = static_cast<uint32_t>(blocks_.size() - kBlock);
    }
  }
  // c < kCodePointLimit.
  T operator[](uint32_t c) const { return blocks_[index_[c / kBlock] + c % kBlock]; }

 private:
  static constexpr uint32_t kBlock = 128;
  std::array<uint32_t, kCodePointLimit / kBlock> index_{};
  std::vector<T> blocks_;
};

// The flags of every code point. Immutable, safe for concurrent use; one is made for each tokenizer.
class CodePointFlags {
 public:
  CodePointFlags();
  uint16_t operator[](uint32_t c) const { return table_[c]; }
  bool Has(uint32_t c, CodePointFlag flag) const { return (table_[c] & flag) != 0; }

 private:
  CodePointTable<uint16_t> table_;
};

// Canonical combining class; 0 for most.
uint8_t CombiningClass(uint32_t c);
// Appends the full canonical decomposition (NFD), c itself where it has none.
void AppendDecomposition(uint32_t c, std::vector<uint32_t>& out);
// Appends the lower case, c itself where it has none.
void AppendLowerCase(uint32_t c, std::vector<uint32_t>& out);

}  // namespace senvec
