#include "encoder/tokenizer/grapheme.h"

#include "encoder/tokenizer/utf8.h"

namespace senvec {
namespace {

constexpr uint32_t kZeroWidthJoiner = 0x200D;

// Hangul: L, V, T, LV, LVT.
enum class Hangul { kNone, kL, kV, kT, kLv, kLvt };
Hangul HangulOf(uint32_t c) {
  if ((c >= 0x1100 && c <= 0x115F) || (c >= 0xA960 && c <= 0xA97C)) return Hangul::kL;
  if ((c >= 0x1160 && c <= 0x11A7) || (c >= 0xD7B0 && c <= 0xD7C6)) return Hangul::kV;
  if ((c >= 0x11A8 && c <= 0x11FF) || (c >= 0xD7CB && c <= 0xD7FB)) return Hangul::kT;
  if (c >= 0xAC00 && c <= 0xD7A3) return (c - 0xAC00) % 28 == 0 ? Hangul::kLv : Hangul::kLvt;
  return Hangul::kNone;
}

// Rules GB6 to GB8.
bool HangulJoins(uint32_t before, uint32_t after) {
  const Hangul a = HangulOf(before), b = HangulOf(after);
  if (a == Hangul::kL) return b == Hangul::kL || b == Hangul::kV || b == Hangul::kLv || b == Hangul::kLvt;
  if (a == Hangul::kLv || a == Hangul::kV) return b == Hangul::kV || b == Hangul::kT;
  if (a == Hangul::kLvt || a == Hangul::kT) return b == Hangul::kT;
  return false;
}

// The viramas of Devanagari, Bengali, Gujarati, Oriya, Telugu and Malayalam (InCB=Linker).
bool IsLinker(uint32_t c) {
  return c == 0x94D || c == 0x9CD || c == 0xACD || c == 0xB4D || c == 0xC4D || c == 0xD4D;
}

// What the rules that look back further than one character need to know.
struct History {
  bool pictograph = false;  // ExtPict Extend*
  bool consonant = false;   // a conjunct consonant, then attached characters
  bool linked = false;      // … with a linker among them
};

void Update(uint32_t c, uint16_t flags, History& history) {
  if ((flags & kGraphemeAttach) == 0) {
    history = {(flags & kPictograph) != 0, (flags & kConjunctConsonant) != 0, false};
  } else if (IsLinker(c)) {
    history.linked = true;
  }
}

bool Joins(uint32_t before, uint16_t before_flags, uint32_t after, uint16_t after_flags, const History& history) {
  if (before == '\r' && after == '\n') return true;                                  // GB3
  if (((before_flags | after_flags) & kGraphemeControl) != 0) return false;          // GB4, GB5
  if ((after_flags & kGraphemeAttach) != 0) return true;                             // GB9, GB9a
  if ((before_flags & kGraphemePrepend) != 0) return true;                           // GB9b
  if (history.consonant && history.linked && (after_flags & kConjunctConsonant) != 0) return true;  // GB9c
  if (before == kZeroWidthJoiner && history.pictograph && (after_flags & kPictograph) != 0) return true;  // GB11
  return HangulJoins(before, after);
}

}  // namespace

size_t GraphemeEnd(absl::string_view text, size_t begin, const CodePointFlags& flags) {
  size_t at = begin;
  uint32_t c = DecodeUtf8(text, at);
  History history;
  Update(c, flags[c], history);
  while (at < text.size()) {
    size_t end = at;
    const uint32_t next = DecodeUtf8(text, end);
    if (!Joins(c, flags[c], next, flags[next], history)) break;
    Update(next, flags[next], history);
    c = next;
    at = end;
  }
  return at;
}

}  // namespace senvec
