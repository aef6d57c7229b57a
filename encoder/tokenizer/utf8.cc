#include "encoder/tokenizer/utf8.h"

#include <algorithm>
#include <cstring>

namespace senvec {
namespace {

// The well-formed character or the maximal ill-formed part that begins at `at`.
struct Part {
  size_t length;
  bool valid;
};

Part PartAt(absl::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {1, true};
  if (lead < 0xC2 || lead > 0xF4) return {1, false};
  const size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  // The second byte's range excludes overlong forms, surrogates and what lies beyond U+10FFFF.
  const unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  for (size_t i = 1; i < length; ++i) {
    if (at + i >= text.size()) return {i, false};
    const unsigned char lowest = i == 1 ? low : 0x80, highest = i == 1 ? high : 0xBF;
    if (byte(i) < lowest || byte(i) > highest) return {i, false};
  }
  return {length, true};
}

// Length of the run of ASCII from `at` on, eight bytes at a time.
size_t AsciiRun(absl::string_view text, size_t at) {
  size_t i = at;
  for (; i + 8 <= text.size(); i += 8) {
    uint64_t bytes;
    std::memcpy(&bytes, text.data() + i, 8);
    if (bytes & 0x8080808080808080u) break;
  }
  while (i < text.size() && static_cast<unsigned char>(text[i]) < 0x80) ++i;
  return i - at;
}

}  // namespace

void AppendUtf8(uint32_t c, std::string& out) {
  const auto push = [&](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    push(c);
  } else if (c < 0x800) {
    push(0xC0 | c >> 6);
    push(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    push(0xE0 | c >> 12);
    push(0x80 | (c >> 6 & 0x3F));
    push(0x80 | (c & 0x3F));
  } else {
    push(0xF0 | c >> 18);
    push(0x80 | (c >> 12 & 0x3F));
    push(0x80 | (c >> 6 & 0x3F));
    push(0x80 | (c & 0x3F));
  }
}

bool IsValidUtf8(absl::string_view text) {
  for (size_t at = AsciiRun(text, 0); at < text.size(); at += AsciiRun(text, at)) {
    const Part part = PartAt(text, at);
    if (!part.valid) return false;
    at += part.length;
  }
  return true;
}

RepairedText RepairUtf8(absl::string_view text) {
  RepairedText repaired;
  for (size_t at = 0; at < text.size();) {
    const Part part = PartAt(text, at);
    if (part.valid) {
      repaired.text.append(text.data() + at, part.length);
    } else {
      AppendUtf8(kReplacementCharacter, repaired.text);
    }
    repaired.origin.resize(repaired.text.size(), static_cast<uint32_t>(at));
    at += part.length;
  }
  repaired.origin.push_back(static_cast<uint32_t>(text.size()));
  return repaired;
}

}  // namespace senvec
