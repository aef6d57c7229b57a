#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace senvec {

// Rows of a collection are numbered as they are written, from 0; a number is never used again. As a key: big-endian, so
// that the order of keys is that of numbers.
using RowId = uint32_t;
constexpr int64_t kMaxRows = int64_t{1} << 32;

inline std::string RowKey(RowId row) {
  std::string key(4, '\0');
  for (int i = 0; i < 4; ++i) key[i] = static_cast<char>(row >> (24 - 8 * i));
  return key;
}

// nullopt when `key` has not four bytes.
inline std::optional<RowId> ParseRowKey(absl::string_view key) {
  if (key.size() != 4) return std::nullopt;
  RowId row = 0;
  for (char c : key) row = row << 8 | static_cast<unsigned char>(c);
  return row;
}

}  // namespace senvec
