#include "cli/document_lines.h"

#include <charconv>

#include "absl/strings/str_cat.h"
#include "base/json.h"

namespace senvec {
namespace {

// The shortest digits that read back to the same bits.
std::string JsonList(const std::vector<float>& vector) {
  std::string list = "[";
  char digits[32];
  for (const float value : vector) {
    const char* end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
    absl::StrAppend(&list, list.size() > 1 ? "," : "", absl::string_view(digits, static_cast<size_t>(end - digits)));
  }
  return absl::StrCat(list, "]");
}

}  // namespace

std::string JsonLineOf(const Document& document, bool with_vector) {
  std::string line = absl::StrCat("{\"id\":", DumpJson(document.id), ",\"text\":", DumpJson(document.text));
  if (!document.group.empty()) absl::StrAppend(&line, ",\"group\":", DumpJson(document.group));
  // It is a JSON object already, which parsing and printing would only slow down.
  if (!document.metadata_json.empty() && document.metadata_json != "{}") absl::StrAppend(&line, ",\"metadata\":", document.metadata_json);
  if (with_vector) absl::StrAppend(&line, ",\"vector\":", JsonList(document.vector));
  return absl::StrCat(line, "}\n");
}

}  // namespace senvec
