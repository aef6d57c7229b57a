#pragma once

#include <cstddef>
#include <cstdint>

namespace senvec {

// The generated data behind code_points.h; see scripts/make_unicode_tables.py.
struct CodePointRange {
  uint32_t first, last;  // inclusive
  uint32_t value;
};
struct CodePointMapping {
  uint32_t code_point;
  uint32_t to[4];  // 0 = none
};

extern const CodePointRange kFlagRanges[];
extern const size_t kFlagRangesSize;
extern const CodePointRange kCombiningClassRanges[];
extern const size_t kCombiningClassRangesSize;
extern const CodePointMapping kDecompositions[];
extern const size_t kDecompositionsSize;
extern const CodePointMapping kLowerCase[];
extern const size_t kLowerCaseSize;

}  // namespace senvec
