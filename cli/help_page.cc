#include "cli/help_page.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace senvec {
namespace {

constexpr size_t kTextColumn = 24;

// Characters, not bytes: bytes that do not continue a UTF-8 sequence.
size_t Columns(absl::string_view text) {
  size_t columns = 0;
  for (const char c : text) columns += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return columns;
}

}  // namespace

std::string Wrap(absl::string_view text, size_t indent, size_t width) {
  std::string out;
  for (const absl::string_view paragraph : absl::StrSplit(text, '\n')) {
    size_t column = 0;
    for (const absl::string_view word : absl::StrSplit(paragraph, ' ', absl::SkipEmpty())) {
      const size_t columns = Columns(word);
      if (column != 0 && column + 1 + columns > width) {
        out.push_back('\n');
        column = 0;
      }
      if (column == 0) {
        out.append(indent, ' ');
        column = indent;
      } else {
        out.push_back(' ');
        ++column;
      }
      absl::StrAppend(&out, word);
      column += columns;
    }
    out.push_back('\n');
  }
  return out;
}

std::string HelpEntry(absl::string_view label, absl::string_view text) {
  std::string out = absl::StrCat("  ", label);
  const std::string body = Wrap(text, kTextColumn, kHelpWidth);
  if (Columns(out) + 2 > kTextColumn) return absl::StrCat(out, "\n", body);
  out.append(kTextColumn - Columns(out), ' ');
  return absl::StrCat(out, body.substr(kTextColumn));
}

}  // namespace senvec
