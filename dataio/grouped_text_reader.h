#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace senvec {

// A text and the group, intent or class it belongs to.
struct GroupedText {
  std::string id;     // of a document; empty for a query
  std::string text;
  std::string group;  // of a document: may be empty
  int64_t line = 0;   // where it stands in the file
};

// Reads texts that must have a group, lines "text TAB group", or with a name that ends in .jsonl objects with "text" and
// "group" or "label" (a string or an integer). Blank lines are skipped. InvalidArgument names file, line and fault: a
// wrong number of fields, no group, another key; a file without a text is one.
absl::StatusOr<std::vector<GroupedText>> ReadGroupedTexts(const std::string& path);

// Reads documents, lines "id TAB text" or "id TAB text TAB group", or objects as above with "id" and, if wanted,
// "metadata", which is passed over. The group may be missing or empty. Also InvalidArgument: an empty id, an id twice
// (with the line that had it first).
absl::StatusOr<std::vector<GroupedText>> ReadGroupedDocuments(const std::string& path);

}  // namespace senvec
