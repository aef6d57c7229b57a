#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace senvec {

// One row a task, for a terminal.
std::string SummaryText(const nlohmann::json& report);

// report.md: the tables of the report in Markdown.
std::string ReportMarkdown(const nlohmann::json& report);

// A table as the report's forms share it; cells are plain text.
struct ReportTable {
  std::string title;
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> rows;
};
// Tables over all tasks: pairs, thresholds, whitening, retrieval, hubness, intents; empty ones left out.
std::vector<ReportTable> ReportTables(const nlohmann::json& report);
// What was measured with what: name and value.
ReportTable ConditionsTable(const nlohmann::json& report);

// The number at a path of keys ("correlation/spearman"), with `digits` after the point; "–" where it is null
// or not there.
std::string NumberAt(const nlohmann::json& object, const std::string& path, int digits = 4);
const nlohmann::json& ValueAt(const nlohmann::json& object, const std::string& path);

}  // namespace senvec
