#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace senvec {

// report.html: one file with tables and charts, no script and nothing fetched, for dark and light screens
// and for paper.
std::string ReportHtml(const nlohmann::json& report);

// The charts of one task, as SVG, in the order they are shown.
std::vector<std::string> TaskCharts(const nlohmann::json& task);

// Best dev value of each k, for several choices of β and γ: size against quality.
std::string SizeQualityChart(const nlohmann::json& whitening, const std::string& title);

}  // namespace senvec
