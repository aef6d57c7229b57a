#pragma once

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace senvec {

// Columns of a help page.
inline constexpr size_t kHelpWidth = 80;

// `text` in lines of at most `width` characters, each after `indent` blanks; '\n' starts a new line, and a word
// longer than a line stands alone. Every line ends in '\n'.
std::string Wrap(absl::string_view text, size_t indent, size_t width);

// "  --model DIR      the model's directory\n": `label` at column 2 and `text` wrapped in a column of its own.
std::string HelpEntry(absl::string_view label, absl::string_view text);

}  // namespace senvec
