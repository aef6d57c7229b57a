#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace senvec {

// The word of `words` that `typed` most likely was meant to be (at most two edits away, fewer for short words), or
// "".
std::string Suggest(absl::string_view typed, const std::vector<std::string>& words);

}  // namespace senvec
