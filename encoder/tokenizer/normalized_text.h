#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "encoder/tokenizer/tokenizer.h"

namespace senvec {

// Text on its way through normalizer and pre-tokenizer. Where offsets are wanted it remembers, for every byte, which
// bytes of the original its character came from.
struct NormalizedText {
  std::string text;
  std::vector<ByteSpan> origins;  // as long as text, or empty
  bool tracks = false;

  void Clear(bool track) {
    text.clear();
    origins.clear();
    tracks = track;
  }
  void Append(absl::string_view bytes, ByteSpan origin) {
    text.append(bytes.data(), bytes.size());
    if (tracks) origins.resize(text.size(), origin);
  }
  void Append(char ascii, ByteSpan origin) {
    text.push_back(ascii);
    if (tracks) origins.push_back(origin);
  }
  // Where bytes [begin, end) came from; they may not be empty.
  ByteSpan Origin(size_t begin, size_t end) const { return {origins[begin].begin, origins[end - 1].end}; }
  ByteSpan OriginAt(size_t byte) const { return tracks ? origins[byte] : ByteSpan{}; }
};

// The bytes of `text`, each character its own origin, `base` being where `text` begins in the original.
inline void AssignIdentity(absl::string_view text, uint32_t base, NormalizedText& out) {
  out.text.assign(text.data(), text.size());
  out.origins.clear();
  if (!out.tracks) return;
  for (size_t at = 0; at < text.size();) {
    size_t end = at + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
    out.origins.resize(end, {static_cast<uint32_t>(base + at), static_cast<uint32_t>(base + end)});
    at = end;
  }
}

}  // namespace senvec
