#include "train/data/row_reader.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/json.h"
#include "base/status_macros.h"
#include "dataio/line_reader.h"
#include "encoder/tokenizer/utf8.h"

namespace senvec {
namespace {

constexpr size_t kFaultsShown = 5;

// Where a field's text goes; null for "skip".
std::string* Target(absl::string_view field, SourceRow& row) {
  if (field == "text" || field == "text_a") return &row.texts[0];
  if (field == "text_b") return &row.texts[1];
  if (field == "negative") return &row.texts[2];
  return field == "label" ? &row.label : nullptr;
}

std::string ParseTsv(absl::string_view line, const std::vector<std::string>& columns, SourceRow& row) {
  const std::vector<absl::string_view> fields = absl::StrSplit(line, '\t');
  if (fields.size() != columns.size()) {
    return absl::StrCat("expected ", absl::StrJoin(columns, " TAB "), ", got ", fields.size(), " field",
                        fields.size() == 1 ? "" : "s");
  }
  for (size_t i = 0; i < fields.size(); ++i) {
    std::string* target = Target(columns[i], row);
    if (target != nullptr) target->assign(fields[i].data(), fields[i].size());
  }
  return "";
}

std::string ParseObject(absl::string_view line, const TaskConfig& task, SourceRow& row) {
  const absl::StatusOr<nlohmann::json> object = ParseJson(line, "the line");
  if (!object.ok()) return std::string(object.status().message());
  if (!object->is_object()) return absl::StrCat("expected a JSON object, got ", object->type_name());
  for (const std::string& field : task.columns) {
    const auto renamed = task.keys.find(field);
    const std::string& key = renamed == task.keys.end() ? field : renamed->second;
    std::string* target = Target(field, row);
    if (target == nullptr) continue;
    const auto value = object->find(key);
    if (value == object->end()) return absl::StrCat("has no \"", key, "\"");
    if (value->is_string()) {
      *target = value->get<std::string>();
    } else if (field == "label" && value->is_number()) {
      *target = DumpJson(*value);
    } else {
      return absl::StrCat("\"", key, "\" is of type ", value->type_name());
    }
  }
  return "";
}

std::string CheckRow(const TaskConfig& task, const SourceRow& row) {
  for (int32_t i = 0; i < TextsPerRow(task.rows); ++i) {
    const char* name = i == 0 ? "the first text" : i == 1 ? "the second text" : "the negative";
    if (absl::StripAsciiWhitespace(row.texts[i]).empty()) return absl::StrCat(name, " is empty");
    if (!IsValidUtf8(row.texts[i])) return absl::StrCat(name, " is not UTF-8");
  }
  const bool labelled = task.rows == RowKind::kPairs || task.rows == RowKind::kLabelled;
  return labelled && absl::StripAsciiWhitespace(row.label).empty() ? "the label is empty" : "";
}

class Faults {
 public:
  void Add(int64_t line, absl::string_view fault) {
    if (++count_ <= kFaultsShown) shown_.push_back(absl::StrCat("line ", line, ": ", fault));
  }
  absl::Status Result(const std::string& file) const {
    if (count_ == 0) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(file, ": ", count_, " bad line", count_ == 1 ? "" : "s", ": ",
                                                   absl::StrJoin(shown_, "; "), count_ > kFaultsShown ? "; and more" : ""));
  }

 private:
  size_t count_ = 0;
  std::vector<std::string> shown_;
};

absl::Status ReadFileRows(const TaskConfig& task, uint32_t file, absl::FunctionRef<absl::Status(const SourceRow&)> give) {
  SENVEC_ASSIGN_OR_RETURN(const std::unique_ptr<LineReader> lines, LineReader::Open(task.files[file]));
  const bool is_json = absl::EndsWith(task.files[file], ".jsonl");
  Faults faults;
  std::string line;
  int64_t rows = 0;
  while (true) {
    SENVEC_ASSIGN_OR_RETURN(const bool more, lines->Next(line));
    if (!more) break;
    if (absl::StripAsciiWhitespace(line).empty()) continue;
    ++rows;
    SourceRow row = {.file = file, .line = static_cast<uint32_t>(lines->line_number())};
    std::string fault = is_json ? ParseObject(line, task, row) : ParseTsv(line, task.columns, row);
    if (fault.empty()) fault = CheckRow(task, row);
    if (fault.empty()) {
      const absl::Status status = give(row);
      if (absl::IsInvalidArgument(status)) fault = std::string(status.message());
      if (!status.ok() && fault.empty()) return status;
    }
    if (!fault.empty()) faults.Add(lines->line_number(), fault);
  }
  SENVEC_RETURN_IF_ERROR(faults.Result(lines->name()));
  if (rows > 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(lines->name(), ": there are no rows in it"));
}

}  // namespace

absl::Status ReadRows(const TaskConfig& task, absl::FunctionRef<absl::Status(const SourceRow&)> row) {
  for (size_t file = 0; file < task.files.size(); ++file) {
    SENVEC_RETURN_IF_ERROR(ReadFileRows(task, static_cast<uint32_t>(file), row));
  }
  return absl::OkStatus();
}

absl::StatusOr<double> LabelValue(const std::string& label, const std::map<std::string, double>& labels) {
  if (!labels.empty()) {
    const auto known = labels.find(label);
    if (known != labels.end()) return known->second;
    std::vector<std::string> words;
    for (const auto& [word, value] : labels) words.push_back(word);
    return absl::InvalidArgumentError(absl::StrCat("label \"", absl::string_view(label).substr(0, 40),
                                                   "\" is none of \"labels\": ", absl::StrJoin(words, ", ")));
  }
  double value = 0;
  if (absl::SimpleAtod(label, &value) && std::isfinite(value) && std::abs(value) <= std::numeric_limits<float>::max()) return value;
  return absl::InvalidArgumentError(absl::StrCat("label \"", absl::string_view(label).substr(0, 40),
                                                 "\" is not a number; the task's \"labels\" can give words a value"));
}

}  // namespace senvec
