#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "index/filter/field_path.h"
#include "index/filter/filter_value.h"

namespace senvec {

// Keys of the inverted lists. No key is a prefix of another, and keys of one field and type are
// ordered as the values are, so that a comparison is a range of keys:
//
//   path   each name with its NUL bytes as 00 FF, names apart by 00 02, the last followed by 00 01
//   type   01 the field exists, 02 boolean, 03 number, 04 string
//   value  nothing, or 1 byte (0, 1), or 10 bytes (FilterValue), or the string with its NUL bytes as
//          00 FF, then 00 01
//
// A string longer than kMaxListedString is listed under its first kMaxListedString bytes, then
// 00 02 and the 8 bytes of its checksum: its key is shared by strings of the same start and
// checksum, and says nothing of their order.

constexpr size_t kMaxListedString = 512;     // bytes
constexpr size_t kMaxPostingKeys = 1024;     // of one document, different ones
constexpr size_t kMaxMetadataDepth = 32;     // objects and arrays in each other
constexpr size_t kMaxFieldPathBytes = 1024;  // of a path as it stands in a key

// Every key under which a document is listed, ascending, each once. Empty text is {}.
//
// Members of objects are fields by their path. Every element of an array is a value of the array's
// own field, at any depth. null is no value, nor is an empty array or object: a field exists where
// it has at least one value, at its own path or under it.
//
// InvalidArgument: no JSON object, or one past the limits above, with the field's name.
absl::StatusOr<std::vector<std::string>> PostingKeys(absl::string_view metadata_json);

// The key of "the field exists".
std::string ExistsKey(const FieldPath& path);
// The key of one value. For a string that is too long others may have the same one.
std::string ValueKey(const FieldPath& path, const FilterValue& value);
bool IsTooLongToList(const FilterValue& value);

// Keys in [first, last).
struct KeyRange {
  std::string first;
  std::string last;
};
// Every value of one type.
KeyRange TypeKeys(const FieldPath& path, FilterValue::Type type);
// Every string that starts with `prefix`, at most kMaxListedString bytes.
KeyRange PrefixKeys(const FieldPath& path, absl::string_view prefix);
// Every string too long to list whose first kMaxListedString bytes are those of `text`, which is as
// long at least.
KeyRange CutStringKeys(const FieldPath& path, absl::string_view text);

}  // namespace senvec
