#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace senvec {

constexpr uint32_t kReplacementCharacter = 0xFFFD;

// Bytes of the character that begins with `lead`, in valid UTF-8.
inline size_t Utf8Length(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

// The character at `at` and, through `at`, where the next one begins. `text` must be valid UTF-8 from there on.
inline uint32_t DecodeUtf8(absl::string_view text, size_t& at) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(text[at + i])); };
  const size_t length = Utf8Length(text[at]);
  uint32_t c = byte(0);
  if (length == 2) {
    c = (c & 0x1F) << 6 | (byte(1) & 0x3F);
  } else if (length == 3) {
    c = (c & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
  } else if (length == 4) {
    c = (c & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F);
  }
  at += length;
  return c;
}

void AppendUtf8(uint32_t c, std::string& out);

// Whether every byte is part of well-formed UTF-8 (The Unicode Standard, table 3-7).
bool IsValidUtf8(absl::string_view text);

// `text` with each maximal ill-formed part replaced by U+FFFD, as Python's errors="replace" does.
struct RepairedText {
  std::string text;
  // For every byte of `text`, and one past the end, where it stood before. Meant for first bytes of characters.
  std::vector<uint32_t> origin;
};
RepairedText RepairUtf8(absl::string_view text);

}  // namespace senvec
