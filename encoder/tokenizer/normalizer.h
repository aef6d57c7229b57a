#pragma once

#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "encoder/tokenizer/code_points.h"
#include "encoder/tokenizer/normalized_text.h"

namespace senvec {

// One step from raw text to the text that the vocabulary was learnt from. Immutable, safe for concurrent use.
class Normalizer {
 public:
  virtual ~Normalizer() = default;
  // `in` is valid UTF-8. `out` was cleared; it tracks as `in` does.
  virtual void Normalize(const NormalizedText& in, NormalizedText& out) const = 0;
};

// Reads the "normalizer" of a tokenizer.json; null for none. Unimplemented names a type that is not served.
// `flags` must outlive the result.
absl::StatusOr<std::unique_ptr<const Normalizer>> ParseNormalizer(const nlohmann::json& json,
                                                                  const CodePointFlags& flags,
                                                                  absl::string_view where);

// Runs `steps` one after the other.
std::unique_ptr<const Normalizer> SequenceOf(std::vector<std::unique_ptr<const Normalizer>> steps);
// Replaces `pattern`, two or more of it in a row with `at_least_two`, by `content`.
std::unique_ptr<const Normalizer> MakeReplace(std::string pattern, bool at_least_two, std::string content);
// Each character in lower case.
std::unique_ptr<const Normalizer> MakeLowercase();

}  // namespace senvec
