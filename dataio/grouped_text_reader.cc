#include "dataio/grouped_text_reader.h"

#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
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

enum class Kind { kText, kDocument };

absl::StatusOr<GroupedText> ParseTsv(absl::string_view line, Kind kind, absl::string_view where) {
  const std::vector<absl::string_view> fields = absl::StrSplit(line, '\t');
  const size_t most = kind == Kind::kText ? 2 : 3;
  if (fields.size() < 2 || fields.size() > most) {
    return absl::InvalidArgumentError(absl::StrCat(
        where, ": expected ", kind == Kind::kText ? "text TAB group" : "id TAB text, or id TAB text TAB group", ", got ",
        fields.size(), fields.size() == 1 ? " field" : " fields"));
  }
  GroupedText result;
  if (kind == Kind::kDocument) result.id = std::string(fields[0]);
  result.text = std::string(fields[kind == Kind::kText ? 0 : 1]);
  if (kind == Kind::kText || fields.size() == 3) result.group = std::string(fields.back());
  return result;
}

absl::Status CheckKeys(const nlohmann::json& object, Kind kind, absl::string_view where) {
  if (!object.is_object()) {
    return absl::InvalidArgumentError(absl::StrCat(where, ": expected a JSON object, got ", object.type_name()));
  }
  for (const auto& [key, value] : object.items()) {
    if (key == "text" || key == "group" || key == "label") continue;
    if (kind == Kind::kDocument && (key == "id" || key == "metadata")) continue;
    return absl::InvalidArgumentError(absl::StrCat(where, ": unknown key \"", key, "\" (known are ",
                                                   kind == Kind::kDocument ? "id, metadata, " : "", "text, group and label)"));
  }
  if (!object.contains("group") || !object.contains("label")) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(where, ": has both \"group\" and \"label\"; give one"));
}

// A string, or an integer in digits; empty when it is not there.
absl::StatusOr<std::string> NameIn(const nlohmann::json& object, const char* key, absl::string_view where) {
  const auto value = object.find(key);
  if (value != object.end() && value->is_number_integer()) return DumpJson(*value);
  return JsonStringOr(object, key, "", where);
}

absl::StatusOr<GroupedText> ParseObject(absl::string_view line, Kind kind, absl::string_view where) {
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json object, ParseJson(line, where));
  SENVEC_RETURN_IF_ERROR(CheckKeys(object, kind, where));
  GroupedText result;
  SENVEC_ASSIGN_OR_RETURN(result.text, JsonString(object, "text", where));
  SENVEC_ASSIGN_OR_RETURN(result.group, NameIn(object, object.contains("label") ? "label" : "group", where));
  SENVEC_ASSIGN_OR_RETURN(result.id, NameIn(object, "id", where));
  return result;
}

absl::StatusOr<std::vector<GroupedText>> Read(const std::string& path, Kind kind) {
  SENVEC_ASSIGN_OR_RETURN(const std::unique_ptr<LineReader> lines, LineReader::Open(path));
  const bool is_json = absl::EndsWith(path, ".jsonl");
  std::vector<GroupedText> texts;
  absl::flat_hash_map<std::string, int64_t> ids;  // → line
  std::string line;
  while (true) {
    SENVEC_ASSIGN_OR_RETURN(const bool more, lines->Next(line));
    if (!more) break;
    if (absl::StripAsciiWhitespace(line).empty()) continue;
    const std::string where = absl::StrCat(lines->name(), ": line ", lines->line_number());
    SENVEC_ASSIGN_OR_RETURN(GroupedText text, is_json ? ParseObject(line, kind, where) : ParseTsv(line, kind, where));
    text.line = lines->line_number();
    if (kind == Kind::kText && text.group.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(where, ": the group is empty"));
    }
    if (kind == Kind::kDocument) {
      if (text.id.empty()) return absl::InvalidArgumentError(absl::StrCat(where, ": the id is empty"));
      const auto [known, is_new] = ids.try_emplace(text.id, text.line);
      if (!is_new) {
        return absl::InvalidArgumentError(absl::StrCat(where, ": id ", DumpJson(text.id), " is that of line ",
                                                       known->second, " already"));
      }
    }
    texts.push_back(std::move(text));
  }
  if (!texts.empty()) return texts;
  return absl::InvalidArgumentError(absl::StrCat(lines->name(), ": there is no text in it"));
}

}  // namespace

absl::StatusOr<std::vector<GroupedText>> ReadGroupedTexts(const std::string& path) { return Read(path, Kind::kText); }

absl::StatusOr<std::vector<GroupedText>> ReadGroupedDocuments(const std::string& path) {
  return Read(path, Kind::kDocument);
}

}  // namespace senvec
