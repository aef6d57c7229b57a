#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace senvec {

// The names that lead from a document's metadata to a field: {"a", "b"} is the member b of the
// object in member a, and {"a.b"} a member whose name has a dot in it. Arrays are not steps of a
// path.
using FieldPath = std::vector<std::string>;

// As the filter language writes it: a.b, with names in quotes where they need them.
std::string FieldPathToString(const FieldPath& path);

// A word that has a meaning in the filter language (in any case), so that a field of that name is
// written in quotes.
bool IsFilterKeyword(absl::string_view word);

// Whether a name without quotes may go on with this code point, or begin with it unless it is a
// digit or '-'.
bool IsNameCodePoint(int32_t code_point);

// In double quotes, with JSON's escapes.
std::string QuoteString(absl::string_view text);

}  // namespace senvec
