#include "dataio/labelled_text_reader.h"

#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "base/json.h"
#include "base/status_macros.h"
#include "dataio/line_reader.h"

namespace senvec {
namespace {

absl::StatusOr<LabelledText> ParseTsv(absl::string_view line, absl::string_view where) {
  const std::vector<absl::string_view> fields = absl::StrSplit(line, '\t');
  if (fields.size() != 2) {
    return absl::InvalidArgumentError(absl::StrCat(where, ": expected text TAB label, got ",
                                                   fields.size(), " field",
                                                   fields.size() == 1 ? "" : "s"));
  }
  return LabelledText{std::string(fields[0]), std::string(fields[1])};
}

absl::StatusOr<LabelledText> ParseObject(absl::string_view line, absl::string_view where) {
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json object, ParseJson(line, where));
  if (!object.is_object()) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, ": expected a JSON object, got ", object.type_name()));
  }
  LabelledText result;
  SENVEC_ASSIGN_OR_RETURN(result.text, JsonString(object, "text", where));
  const auto text = object.find("label_text");
  const char* key = text != object.end() && text->is_string() ? "label_text" : "label";
  const auto label = object.find(key);
  if (label != object.end() && label->is_number_integer()) {
    result.label = DumpJson(*label);
    return result;
  }
  SENVEC_ASSIGN_OR_RETURN(result.label, JsonString(object, key, where));
  return result;
}

}  // namespace

absl::StatusOr<std::vector<LabelledText>> ReadLabelledTexts(const std::string& path) {
  SENVEC_ASSIGN_OR_RETURN(const std::unique_ptr<LineReader> lines, LineReader::Open(path));
  const bool is_json = absl::EndsWith(path, ".jsonl");
  std::vector<LabelledText> texts;
  std::string line;
  while (true) {
    SENVEC_ASSIGN_OR_RETURN(const bool more, lines->Next(line));
    if (!more) break;
    if (absl::StripAsciiWhitespace(line).empty()) continue;
    const std::string where = absl::StrCat(lines->name(), ": line ", lines->line_number());
    SENVEC_ASSIGN_OR_RETURN(LabelledText text,
                            is_json ? ParseObject(line, where) : ParseTsv(line, where));
    if (text.label.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(where, ": the label is empty"));
    }
    texts.push_back(std::move(text));
  }
  if (!texts.empty()) return texts;
  return absl::InvalidArgumentError(absl::StrCat(lines->name(), ": there is no text in it"));
}

}  // namespace senvec
