#include "encoder/tokenizer/code_points.h"

#include <algorithm>

#include "encoder/tokenizer/unicode_tables.h"

namespace senvec {
namespace {

// Hangul syllables are decomposed by arithmetic (The Unicode Standard, 3.12).
constexpr uint32_t kSyllables = 0xAC00, kLeading = 0x1100, kVowels = 0x1161, kTrailing = 0x11A7;
constexpr uint32_t kVowelCount = 21, kTrailingCount = 28, kSyllableCount = 11172;

void AppendMapped(const CodePointMapping* table, size_t size, uint32_t c, std::vector<uint32_t>& out) {
  const CodePointMapping* end = table + size;
  const CodePointMapping* found = std::lower_bound(
      table, end, c, [](const CodePointMapping& row, uint32_t wanted) { return row.code_point < wanted; });
  if (found == end || found->code_point != c) {
    out.push_back(c);
    return;
  }
  for (uint32_t to : found->to) {
    if (to != 0) out.push_back(to);
  }
}

}  // namespace

CodePointFlags::CodePointFlags() {
  const CodePointRange* range = kFlagRanges;
  const CodePointRange* end = kFlagRanges + kFlagRangesSize;
  table_.Build([&](uint32_t c) -> uint16_t {
    while (range != end && range->last < c) ++range;
    return range != end && range->first <= c ? static_cast<uint16_t>(range->value) : 0;
  });
}

uint8_t CombiningClass(uint32_t c) {
  const CodePointRange* end = kCombiningClassRanges + kCombiningClassRangesSize;
  const CodePointRange* found = std::lower_bound(
      kCombiningClassRanges, end, c, [](const CodePointRange& range, uint32_t wanted) { return range.last < wanted; });
  return found != end && found->first <= c ? static_cast<uint8_t>(found->value) : 0;
}

void AppendDecomposition(uint32_t c, std::vector<uint32_t>& out) {
  if (c - kSyllables < kSyllableCount) {
    const uint32_t index = c - kSyllables;
    out.push_back(kLeading + index / (kVowelCount * kTrailingCount));
    out.push_back(kVowels + index / kTrailingCount % kVowelCount);
    if (index % kTrailingCount != 0) out.push_back(kTrailing + index % kTrailingCount);
    return;
  }
  AppendMapped(kDecompositions, kDecompositionsSize, c, out);
}

void AppendLowerCase(uint32_t c, std::vector<uint32_t>& out) {
  AppendMapped(kLowerCase, kLowerCaseSize, c, out);
}

}  // namespace senvec
