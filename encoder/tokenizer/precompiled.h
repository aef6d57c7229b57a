#pragma once

#include <memory>

#include "encoder/tokenizer/normalizer.h"

namespace senvec {

// SentencePiece's precompiled character map (nmt_nfkc and its like): a Darts-clone double array from strings to
// offsets in a blob of zero-terminated replacements. As the library we must equal applies it: a grapheme cluster
// below six bytes is replaced as a whole by what its shortest known prefix maps to; otherwise each character is
// replaced on its own. `charsmap` is the decoded blob. InvalidArgument for a damaged one. `flags` must outlive the
// result.
absl::StatusOr<std::unique_ptr<const Normalizer>> MakePrecompiled(absl::string_view charsmap,
                                                                  const CodePointFlags& flags,
                                                                  absl::string_view where);
// From tokenizer.json: "precompiled_charsmap" in base64.
absl::StatusOr<std::unique_ptr<const Normalizer>> ParsePrecompiled(const nlohmann::json& json,
                                                                   const CodePointFlags& flags,
                                                                   absl::string_view where);

}  // namespace senvec
