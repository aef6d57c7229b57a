#include "dataio/corpus_reader.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/json.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

absl::Status ParseTsv(const std::string& line, absl::string_view where, CorpusRecord& record) {
  const size_t tab = line.find('\t');
  if (tab == std::string::npos || line.find('\t', tab + 1) != std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat(
        where, ": expected id TAB text with exactly one tab (a file of texts alone ends in .txt)"));
  }
  record = {line.substr(0, tab), line.substr(tab + 1), ""};
  if (!record.id.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(where, ": the id before the tab is empty"));
}

absl::Status CheckKeys(const nlohmann::json& object, absl::string_view where) {
  if (!object.is_object()) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, ": expected a JSON object, got ", object.type_name()));
  }
  for (const auto& [key, value] : object.items()) {
    if (key == "id" || key == "text" || key == "metadata") continue;
    return absl::InvalidArgumentError(
        absl::StrCat(where, ": unknown key \"", key,
                     "\" (known are id, text and metadata; other values go into metadata)"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> JsonId(const nlohmann::json& object, int64_t line_number,
                                   absl::string_view where) {
  const auto id = object.find("id");
  if (id == object.end() || id->is_null()) return absl::StrCat(line_number);
  if (id->is_number_integer()) return DumpJson(*id);
  if (id->is_string() && !id->get_ref<const std::string&>().empty()) return id->get<std::string>();
  return absl::InvalidArgumentError(
      absl::StrCat(where, ": \"id\" must be a string that is not empty, or an integer"));
}

absl::Status ParseJsonl(const std::string& line, int64_t line_number, absl::string_view where,
                        CorpusRecord& record) {
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json object, ParseJson(line, where));
  SENVEC_RETURN_IF_ERROR(CheckKeys(object, where));
  record.metadata_json.clear();
  SENVEC_ASSIGN_OR_RETURN(record.id, JsonId(object, line_number, where));
  SENVEC_ASSIGN_OR_RETURN(record.text, JsonString(object, "text", where));
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || metadata->is_null()) return absl::OkStatus();
  if (!metadata->is_object()) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, ": \"metadata\" must be an object, got ", metadata->type_name()));
  }
  record.metadata_json = DumpJson(*metadata);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<CorpusFormat> CorpusFormatOf(const std::string& path) {
  if (absl::EndsWith(path, ".txt")) return CorpusFormat::kText;
  if (absl::EndsWith(path, ".tsv")) return CorpusFormat::kTsv;
  if (absl::EndsWith(path, ".jsonl")) return CorpusFormat::kJsonl;
  return absl::InvalidArgumentError(absl::StrCat(
      "cannot tell the form of ", path,
      " from its name: it must end in .txt (one text a line), .tsv (id TAB text) or .jsonl"));
}

absl::StatusOr<std::unique_ptr<CorpusReader>> CorpusReader::Open(const std::string& path) {
  SENVEC_ASSIGN_OR_RETURN(const CorpusFormat format, CorpusFormatOf(path));
  SENVEC_ASSIGN_OR_RETURN(std::unique_ptr<LineReader> lines, LineReader::Open(path));
  return std::unique_ptr<CorpusReader>(new CorpusReader(std::move(lines), format));
}

absl::StatusOr<bool> CorpusReader::Next(CorpusRecord& record) {
  std::string line;
  do {
    SENVEC_ASSIGN_OR_RETURN(const bool more, lines_->Next(line));
    if (!more) return false;
  } while (format_ == CorpusFormat::kJsonl && absl::StripAsciiWhitespace(line).empty());
  const std::string where = absl::StrCat(lines_->name(), ": line ", line_number());
  switch (format_) {
    case CorpusFormat::kText:
      record = {absl::StrCat(line_number()), std::move(line), ""};
      break;
    case CorpusFormat::kTsv:
      SENVEC_RETURN_IF_ERROR(ParseTsv(line, where, record));
      break;
    case CorpusFormat::kJsonl:
      SENVEC_RETURN_IF_ERROR(ParseJsonl(line, line_number(), where, record));
      break;
  }
  return true;
}

}  // namespace senvec
