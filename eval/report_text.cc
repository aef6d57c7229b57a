#include "eval/report_text.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace senvec {
namespace {

size_t Columns(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::string Padded(const std::string& text, size_t columns, bool right) {
  const std::string space(columns - std::min(columns, Columns(text)), ' ');
  return right ? space + text : text + space;
}

std::string Aligned(const ReportTable& table) {
  std::vector<size_t> widths;
  for (const std::string& cell : table.head) widths.push_back(Columns(cell));
  for (const auto& row : table.rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Columns(row[i]));
  }
  std::string out = absl::StrCat(table.title, "\n");
  const auto line = [&](const std::vector<std::string>& row) {
    for (size_t i = 0; i < row.size(); ++i) absl::StrAppend(&out, i == 0 ? "  " : "  ", Padded(row[i], widths[i], i > 0));
    out += "\n";
  };
  line(table.head);
  for (const auto& row : table.rows) line(row);
  return out;
}

// '|' would end a cell.
std::string Cell(const std::string& text) { return absl::StrReplaceAll(text, {{"|", "\\|"}, {"\n", " "}}); }

void AppendMarkdown(const ReportTable& table, std::string& out) {
  absl::StrAppend(&out, "## ", table.title, "\n\n");
  const auto line = [&](const std::vector<std::string>& row) {
    for (const std::string& cell : row) absl::StrAppend(&out, "| ", Cell(cell), " ");
    out += "|\n";
  };
  line(table.head);
  for (size_t i = 0; i < table.head.size(); ++i) out += i == 0 ? "|---" : "|---:";
  out += "|\n";
  for (const auto& row : table.rows) line(row);
  out += "\n";
}

}  // namespace

std::string SummaryText(const nlohmann::json& report) {
  std::string out;
  for (const ReportTable& table : ReportTables(report)) {
    if (table.title.rfind("Geometry", 0) == 0) continue;
    absl::StrAppend(&out, out.empty() ? "" : "\n", Aligned(table));
  }
  return out;
}

std::string ReportMarkdown(const nlohmann::json& report) {
  std::string out = "# Evaluation\n\n";
  for (const ReportTable& table : ReportTables(report)) AppendMarkdown(table, out);
  const nlohmann::json& tasks = ValueAt(report, "tasks");
  if (tasks.is_array()) {
    for (const auto& task : tasks) {
      for (const auto& note : task.value("notes", nlohmann::json::array())) {
        absl::StrAppend(&out, "- ", task.value("name", "?"), ": ", note.get<std::string>(), "\n");
      }
    }
  }
  out += "\n";
  ReportTable data{"Data", {"file", "bytes", "XXH3-128"}, {}};
  if (tasks.is_array()) {
    for (const auto& task : tasks) {
      for (const auto& file : task.value("data", nlohmann::json::array())) {
        data.rows.push_back({file.value("file", ""), DumpJson(file["bytes"]), file.value("xxh3_128", "")});
      }
    }
  }
  AppendMarkdown(data, out);
  AppendMarkdown(ConditionsTable(report), out);
  return out;
}

}  // namespace senvec
