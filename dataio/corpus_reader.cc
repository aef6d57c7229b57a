#include "dataio/corpus_reader.h"

#include <cmath>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/json.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

constexpr absl::string_view kPacked = ".gz";

absl::Status Fault(absl::string_view what) { return absl::InvalidArgumentError(what); }

absl::Status ParseTsv(const std::string& line, CorpusRecord& record) {
  const std::vector<absl::string_view> fields = absl::StrSplit(line, '\t');
  if (fields.size() < 2 || fields.size() > 3) {
    return Fault(absl::StrCat("has ", fields.size() - 1,
                              " tabs; expected id TAB text or id TAB text TAB group (a file of texts alone ends in .txt)"));
  }
  record.id = std::string(fields[0]);
  record.text = std::string(fields[1]);
  if (fields.size() == 3) record.group = std::string(fields[2]);
  return record.id.empty() ? Fault("the id before the tab is empty") : absl::OkStatus();
}

absl::Status CheckKeys(const nlohmann::json& object) {
  if (!object.is_object()) return Fault(absl::StrCat("expected a JSON object, got ", object.type_name()));
  for (const auto& [key, value] : object.items()) {
    if (key == "id" || key == "text" || key == "metadata" || key == "group" || key == "vector") continue;
    return Fault(absl::StrCat("unknown key ", DumpJson(key),
                              " (known are id, text, metadata, group and vector; other values go into metadata)"));
  }
  return absl::OkStatus();
}

const nlohmann::json* Find(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

absl::Status TakeId(const nlohmann::json& object, CorpusRecord& record) {
  const nlohmann::json* id = Find(object, "id");
  if (id == nullptr) {
    record.id = absl::StrCat(record.line);
  } else if (id->is_number_integer()) {
    record.id = DumpJson(*id);
  } else if (id->is_string() && !id->get_ref<const std::string&>().empty()) {
    record.id = id->get<std::string>();
  } else {
    return Fault("\"id\" must be a string that is not empty, or an integer");
  }
  return absl::OkStatus();
}

absl::Status TakeString(const nlohmann::json& object, const char* key, std::string& target) {
  const nlohmann::json* value = Find(object, key);
  if (value == nullptr) return absl::OkStatus();
  if (!value->is_string()) return Fault(absl::StrCat("\"", key, "\" must be a string, got ", value->type_name()));
  target = value->get<std::string>();
  return absl::OkStatus();
}

absl::Status TakeVector(const nlohmann::json& object, std::vector<float>& vector) {
  const nlohmann::json* values = Find(object, "vector");
  if (values == nullptr) return absl::OkStatus();
  if (!values->is_array() || values->empty()) return Fault("\"vector\" must be a list of numbers");
  vector.reserve(values->size());
  for (const nlohmann::json& value : *values) {
    const float number = value.is_number() ? value.get<float>() : NAN;
    if (!std::isfinite(number)) {
      return Fault(absl::StrCat("\"vector\" value ", vector.size(), " is ", DumpJson(value), "; it must be a finite float32"));
    }
    vector.push_back(number);
  }
  return absl::OkStatus();
}

absl::Status ParseJsonl(const std::string& line, CorpusRecord& record) {
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json object, ParseJson(line, "the line"));
  SENVEC_RETURN_IF_ERROR(CheckKeys(object));
  SENVEC_RETURN_IF_ERROR(TakeId(object, record));
  SENVEC_RETURN_IF_ERROR(TakeString(object, "text", record.text));
  SENVEC_RETURN_IF_ERROR(TakeString(object, "group", record.group));
  SENVEC_RETURN_IF_ERROR(TakeVector(object, record.vector));
  if (Find(object, "text") == nullptr && record.vector.empty()) return Fault("\"text\" is missing");
  const nlohmann::json* metadata = Find(object, "metadata");
  if (metadata == nullptr) return absl::OkStatus();
  if (!metadata->is_object()) return Fault(absl::StrCat("\"metadata\" must be an object, got ", metadata->type_name()));
  record.metadata_json = DumpJson(*metadata);
  return absl::OkStatus();
}

absl::Status ParseLine(CorpusFormat format, std::string& line, CorpusRecord& record) {
  switch (format) {
    case CorpusFormat::kText:
      record.id = absl::StrCat(record.line);
      record.text = std::move(line);
      return absl::OkStatus();
    case CorpusFormat::kTsv:
      return ParseTsv(line, record);
    case CorpusFormat::kJsonl:
      return ParseJsonl(line, record);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<CorpusFormat> ParseCorpusFormat(absl::string_view name) {
  for (const CorpusFormat format : {CorpusFormat::kText, CorpusFormat::kTsv, CorpusFormat::kJsonl}) {
    if (name == CorpusFormatName(format)) return format;
  }
  return absl::InvalidArgumentError(absl::StrCat("\"", name, "\" is no form of a corpus; it is txt, tsv or jsonl"));
}

absl::string_view CorpusFormatName(CorpusFormat format) {
  return format == CorpusFormat::kText ? "txt" : format == CorpusFormat::kTsv ? "tsv" : "jsonl";
}

absl::StatusOr<CorpusFormat> CorpusFormatOf(const std::string& path) {
  const absl::string_view name = absl::StripSuffix(path, kPacked);
  for (const CorpusFormat format : {CorpusFormat::kText, CorpusFormat::kTsv, CorpusFormat::kJsonl}) {
    if (absl::EndsWith(name, absl::StrCat(".", CorpusFormatName(format)))) return format;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "cannot tell the form of ", path == "-" ? "standard input" : path,
      " from its name: it must end in .txt (one text a line), .tsv (id TAB text) or .jsonl, each also with .gz"));
}

absl::StatusOr<std::unique_ptr<CorpusReader>> CorpusReader::Open(const std::string& path, CorpusFormat format) {
  SENVEC_ASSIGN_OR_RETURN(std::unique_ptr<LineReader> lines, LineReader::Open(path));
  return std::unique_ptr<CorpusReader>(new CorpusReader(std::move(lines), format));
}

absl::StatusOr<bool> CorpusReader::Next(CorpusRecord& record) {
  do {
    const absl::StatusOr<bool> more = lines_->Next(line_);
    record = {.line = lines_->line_number()};
    if (absl::IsInvalidArgument(more.status())) {
      record.fault = absl::StrCat("is longer than ", LineReader::kMaxLineBytes, " bytes");
      return true;
    }
    SENVEC_RETURN_IF_ERROR(more.status());
    if (!*more) return false;
  } while (format_ == CorpusFormat::kJsonl && absl::StripAsciiWhitespace(line_).empty());
  const absl::Status parsed = ParseLine(format_, line_, record);
  if (!parsed.ok()) record.fault = std::string(parsed.message());
  return true;
}

}  // namespace senvec
