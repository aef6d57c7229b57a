#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace senvec {

// A sentence and the class (the intent) it belongs to.
struct LabelledText {
  std::string text;
  std::string label;
};

// Reads "text TAB label" lines, or with a name that ends in .jsonl objects with "text" and a string or
// an integer in "label" ("label_text" before it, as MTEB has); blank lines are skipped. InvalidArgument
// names file, line and fault; a file without a text is one.
absl::StatusOr<std::vector<LabelledText>> ReadLabelledTexts(const std::string& path);

}  // namespace senvec
