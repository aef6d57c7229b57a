#include "index/filter/field_path.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "index/filter/utf8.h"

namespace senvec {
namespace {

constexpr absl::string_view kKeywords[] = {"and",  "exists", "false",  "in",  "not",
                                           "null", "or",     "prefix", "true"};

bool IsBareName(absl::string_view name) {
  if (name.empty() || absl::ascii_isdigit(static_cast<unsigned char>(name[0])) || name[0] == '-') {
    return false;
  }
  for (size_t at = 0; at < name.size();) {
    if (!IsNameCodePoint(NextCodePoint(name, at))) return false;
  }
  return !IsFilterKeyword(name);
}

}  // namespace

std::string FieldPathToString(const FieldPath& path) {
  return absl::StrJoin(path, ".", [](std::string* out, const std::string& name) {
    absl::StrAppend(out, IsBareName(name) ? name : QuoteString(name));
  });
}

bool IsFilterKeyword(absl::string_view word) {
  return std::any_of(std::begin(kKeywords), std::end(kKeywords), [&](absl::string_view keyword) {
    return absl::EqualsIgnoreCase(word, keyword);
  });
}

bool IsNameCodePoint(int32_t code_point) {
  if (code_point < 0x80) {
    return code_point == '_' || code_point == '-' ||
           (code_point > 0 && absl::ascii_isalnum(static_cast<unsigned char>(code_point)));
  }
  // Letters of every script, but none of the blocks whose signs a reader could take for quotes,
  // commas, operators or spaces: Latin-1 signs, general punctuation, mathematical operators, CJK
  // punctuation, full-width forms.
  constexpr struct {
    int32_t first, last;
  } kSigns[] = {{0x80, 0xbf},     {0x2000, 0x206f}, {0x2200, 0x22ff}, {0x3000, 0x3004},
                {0x3008, 0x3020}, {0xfe00, 0xfe6f}, {0xfeff, 0xfeff}, {0xff00, 0xffff}};
  return std::none_of(std::begin(kSigns), std::end(kSigns), [&](const auto& block) {
    return code_point >= block.first && code_point <= block.last;
  });
}

std::string QuoteString(absl::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    switch (c) {
      case '"': absl::StrAppend(&quoted, "\\\""); break;
      case '\\': absl::StrAppend(&quoted, "\\\\"); break;
      case '\n': absl::StrAppend(&quoted, "\\n"); break;
      case '\r': absl::StrAppend(&quoted, "\\r"); break;
      case '\t': absl::StrAppend(&quoted, "\\t"); break;
      default:
        if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) {
          absl::StrAppendFormat(&quoted, "\\u%04x", static_cast<int>(c));
        } else {
          quoted.push_back(c);
        }
    }
  }
  quoted.push_back('"');
  return quoted;
}

}  // namespace senvec
