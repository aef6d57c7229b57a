#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace senvec {

// The code point at `position`, which moves past it. Where the bytes are no UTF-8 the answer is -1
// and `position` moves by one. `position` must be below text.size().
int32_t NextCodePoint(absl::string_view text, size_t& position);

// Appends one code point, below 0x110000 and no surrogate.
void AppendUtf8(int32_t code_point, std::string& text);

// At most `max_bytes` of `text`, cut between characters and followed by "…" when cut.
std::string Shortened(absl::string_view text, size_t max_bytes);

}  // namespace senvec
