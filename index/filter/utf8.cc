#include "index/filter/utf8.h"

#include "absl/strings/str_cat.h"

namespace senvec {
namespace {

// How many bytes follow a first byte, and the smallest code point that needs as many.
struct Form {
  int32_t following;
  int32_t smallest;
  int32_t bits;
};

Form FormOf(uint8_t first) {
  if (first < 0x80) return {0, 0, first};
  if (first >= 0xc2 && first < 0xe0) return {1, 0x80, first & 0x1f};
  if (first >= 0xe0 && first < 0xf0) return {2, 0x800, first & 0x0f};
  if (first >= 0xf0 && first < 0xf5) return {3, 0x10000, first & 0x07};
  return {-1, 0, 0};
}

}  // namespace

int32_t NextCodePoint(absl::string_view text, size_t& position) {
  const size_t start = position++;
  const Form form = FormOf(static_cast<uint8_t>(text[start]));
  if (form.following < 0 || text.size() - start <= static_cast<size_t>(form.following)) return -1;
  int32_t code_point = form.bits;
  for (int32_t i = 1; i <= form.following; ++i) {
    const auto byte = static_cast<uint8_t>(text[start + static_cast<size_t>(i)]);
    if ((byte & 0xc0) != 0x80) return -1;
    code_point = code_point << 6 | (byte & 0x3f);
  }
  const bool surrogate = code_point >= 0xd800 && code_point < 0xe000;
  if (code_point < form.smallest || code_point >= 0x110000 || surrogate) return -1;
  position = start + 1 + static_cast<size_t>(form.following);
  return code_point;
}

void AppendUtf8(int32_t code_point, std::string& text) {
  const auto put = [&](int32_t byte) { text.push_back(static_cast<char>(byte)); };
  const auto put_low = [&](int32_t shift) { put(0x80 | (code_point >> shift & 0x3f)); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xc0 | code_point >> 6);
    put_low(0);
  } else if (code_point < 0x10000) {
    put(0xe0 | code_point >> 12);
    put_low(6);
    put_low(0);
  } else {
    put(0xf0 | code_point >> 18);
    put_low(12);
    put_low(6);
    put_low(0);
  }
}

std::string Shortened(absl::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return std::string(text);
  size_t end = max_bytes;
  while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xc0) == 0x80) --end;
  return absl::StrCat(text.substr(0, end), "…");
}

}  // namespace senvec
