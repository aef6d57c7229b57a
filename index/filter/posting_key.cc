#include "index/filter/posting_key.h"

#include "absl/strings/str_cat.h"
#include "base/hash.h"

namespace senvec {
namespace {

constexpr char kExistsTag = 1;
constexpr absl::string_view kEnd("\0\1", 2);
constexpr absl::string_view kGoesOn(
    "\0\2", 2);  // in a path: another name; in a string: the checksum of all of it
constexpr absl::string_view kAfterGoesOn("\0\3", 2);

void AppendEscaped(absl::string_view text, std::string& key) {
  for (const char c : text) {
    key.push_back(c);
    if (c == '\0') key.push_back('\xff');
  }
}

std::string PathKey(const FieldPath& path) {
  std::string key;
  for (size_t i = 0; i < path.size(); ++i) {
    if (i > 0) absl::StrAppend(&key, kGoesOn);
    AppendEscaped(path[i], key);
  }
  absl::StrAppend(&key, kEnd);
  return key;
}

std::string TypeKey(const FieldPath& path, FilterValue::Type type) {
  std::string key = PathKey(path);
  key.push_back(static_cast<char>(type));
  return key;
}

std::string StartOfStringKey(const FieldPath& path, absl::string_view start) {
  std::string key = TypeKey(path, FilterValue::Type::kString);
  AppendEscaped(start.substr(0, kMaxListedString), key);
  return key;
}

// The first key after all that start with `key`. The keys of a field hold a byte below FF: its
// path's end.
std::string After(std::string key) {
  while (key.back() == '\xff') key.pop_back();
  ++key.back();
  return key;
}

}  // namespace

std::string ExistsKey(const FieldPath& path) {
  std::string key = PathKey(path);
  key.push_back(kExistsTag);
  return key;
}

bool IsTooLongToList(const FilterValue& value) {
  return value.type() == FilterValue::Type::kString && value.bytes().size() > kMaxListedString;
}

std::string ValueKey(const FieldPath& path, const FilterValue& value) {
  if (value.type() != FilterValue::Type::kString) {
    return absl::StrCat(TypeKey(path, value.type()), value.bytes());
  }
  std::string key = StartOfStringKey(path, value.bytes());
  if (!IsTooLongToList(value)) {
    absl::StrAppend(&key, kEnd);
    return key;
  }
  absl::StrAppend(&key, kGoesOn);
  const uint64_t checksum = Checksum64(value.bytes());
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(checksum >> shift));
  return key;
}

KeyRange TypeKeys(const FieldPath& path, FilterValue::Type type) {
  std::string first = TypeKey(path, type);
  std::string last = After(first);
  return {std::move(first), std::move(last)};
}

KeyRange PrefixKeys(const FieldPath& path, absl::string_view prefix) {
  std::string first = StartOfStringKey(path, prefix);
  std::string last = After(first);
  return {std::move(first), std::move(last)};
}

KeyRange CutStringKeys(const FieldPath& path, absl::string_view text) {
  const std::string start = StartOfStringKey(path, text);
  return {absl::StrCat(start, kGoesOn), absl::StrCat(start, kAfterGoesOn)};
}

}  // namespace senvec
