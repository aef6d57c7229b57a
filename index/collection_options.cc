#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "index/collection.h"

namespace senvec {
namespace {

bool IsNameCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '-';
}

}  // namespace

absl::Status CollectionOptions::Validate() const {
  bool good = !name.empty() && name.size() <= 128 && name[0] != '.';
  for (char c : name) good = good && IsNameCharacter(c);
  if (!good) {
    return absl::InvalidArgumentError(absl::StrCat(
        "collection name \"", name, "\" is not allowed: it has 1 to 128 characters of A-Z a-z 0-9 _ . - and does not begin with '.'"));
  }
  return index.Validate();
}

}  // namespace senvec
