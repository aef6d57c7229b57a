#pragma once

#include <cstddef>

#include "absl/strings/string_view.h"
#include "encoder/tokenizer/code_points.h"

namespace senvec {

// Where the extended grapheme cluster (Unicode Standard Annex 29) that begins at `begin` ends. Flags (regional
// indicators) are not paired: no caller can tell, since one alone and what follows it fill six bytes.
size_t GraphemeEnd(absl::string_view text, size_t begin, const CodePointFlags& flags);

}  // namespace senvec
