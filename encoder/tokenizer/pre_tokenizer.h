#pragma once

#include <memory>

#include <nlohmann/json.hpp>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "encoder/tokenizer/code_points.h"
#include "encoder/tokenizer/normalized_text.h"

namespace senvec {

// Cuts normalized text into words. Immutable, safe for concurrent use.
class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  using WordFunction = absl::FunctionRef<void(size_t begin, size_t end)>;
  // May rewrite `text`; calls `word` with its bytes [begin, end), ascending. `at_start`: the text is the beginning
  // of what the caller tokenises.
  virtual void Split(NormalizedText& text, bool at_start, WordFunction word) const = 0;
};

// Reads the "pre_tokenizer" of a tokenizer.json: BertPreTokenizer, WhitespaceSplit, Metaspace, or a Sequence of
// WhitespaceSplit and Metaspace. Unimplemented names another one. `flags` must outlive the result.
absl::StatusOr<std::unique_ptr<const PreTokenizer>> ParsePreTokenizer(const nlohmann::json& json,
                                                                      const CodePointFlags& flags,
                                                                      absl::string_view where);

// White space separates, punctuation stands alone.
std::unique_ptr<const PreTokenizer> MakeBertPreTokenizer(const CodePointFlags& flags);

}  // namespace senvec
