#include "eval/report_html.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "eval/plot/chart.h"
#include "eval/report_text.h"

namespace senvec {
namespace {

constexpr char kStyle[] = R"css(
:root{--ink:#1c2733;--paper:#fff;--soft:#f3f5f7;--rule:#d5dbe1;--faint:#5f6b7a}
@media screen and (prefers-color-scheme:dark){:root{--ink:#e4e9ee;--paper:#14191f;--soft:#1d242c;--rule:#37424e;--faint:#9aa6b2}}
*{box-sizing:border-box}body{margin:0 auto;max-width:1180px;padding:24px;font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
h1{margin:0 0 4px}h2{margin:36px 0 8px;border-bottom:1px solid var(--rule);padding-bottom:4px}h3{margin:20px 0 6px;font-size:16px}
.faint{color:var(--faint)}.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums;margin:4px 0 12px}
th,td{padding:4px 10px;border-bottom:1px solid var(--rule);text-align:right;vertical-align:top}th{text-align:right;font-weight:600}
th:first-child,td:first-child,.texts td,.texts th,.conditions td{text-align:left}.conditions td{overflow-wrap:anywhere}tbody tr:nth-child(even){background:var(--soft)}
.texts td{min-width:60px}.texts .number{text-align:right}.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(340px,1fr));gap:14px}
.charts svg{width:100%;height:auto;border:1px solid var(--rule);border-radius:6px}nav a{display:inline-block;margin-right:12px;color:inherit}
@page{margin:14mm}@media print{body{max-width:none;padding:0;font-size:11px}section{break-before:page}.charts{grid-template-columns:repeat(2,1fr)}.charts svg,tr{break-inside:avoid}
table{font-size:9px}th,td{padding:2px 4px}nav{display:none}.scroll{overflow:visible}}
)css";

std::string Table(const ReportTable& table, const char* classes) {
  std::string out = absl::StrCat("<div class=\"scroll\"><table class=\"", classes, "\"><thead><tr>");
  for (const std::string& cell : table.head) absl::StrAppend(&out, "<th>", EscapeXml(cell), "</th>");
  out += "</tr></thead><tbody>";
  for (const auto& row : table.rows) {
    out += "<tr>";
    for (const std::string& cell : row) absl::StrAppend(&out, "<td>", EscapeXml(cell), "</td>");
    out += "</tr>";
  }
  return out + "</tbody></table></div>\n";
}

std::string Word(const nlohmann::json& row, const char* key) {
  const auto found = row.find(key);
  if (found == row.end() || found->is_null()) return "–";
  if (found->is_string()) return found->get<std::string>();
  return found->is_number_float() ? absl::StrFormat("%.4g", found->get<double>()) : DumpJson(*found);
}

// What is shown of the worst items of each kind.
ReportTable WorstTable(const nlohmann::json& task) {
  std::vector<std::pair<const char*, const char*>> columns;
  const std::string kind = task.value("kind", "");
  if (kind == "retrieval") {
    columns = {{"query", "query"}, {"rank", "rank of the first right one"}, {"wanted", "a right one"}, {"found", "the first hit"}, {"score", "its cosine"}};
  } else if (kind == "intents") {
    columns = {{"line", "line"}, {"text", "text"}, {"label", "label"}, {"said", "said"}, {"score", "cosine"}};
  } else {
    columns = {{"line", "line"}, {"first", "first"}, {"second", "second"}, {"label", "label"}, {"cosine", "cosine"}, {"fault", "the model finds it"}};
  }
  ReportTable table;
  for (const auto& [key, head] : columns) table.head.push_back(head);
  for (const auto& row : task.value("worst", nlohmann::json::array())) {
    std::vector<std::string> cells;
    for (const auto& [key, head] : columns) {
      const bool beyond = absl::string_view(key) == "rank" && ValueAt(row, "rank").is_null();
      cells.push_back(beyond ? "not among the hits" : Word(row, key));
    }
    table.rows.push_back(std::move(cells));
  }
  return table;
}

ReportTable HubTable(const nlohmann::json& hubs) {
  ReportTable table{"", {"document", "lists", "text"}, {}};
  for (const auto& hub : hubs) table.rows.push_back({Word(hub, "id"), Word(hub, "lists"), Word(hub, "text")});
  return table;
}

std::string Section(const nlohmann::json& task) {
  const std::string name = EscapeXml(task.value("name", "?"));
  std::string out = absl::StrCat("<section id=\"", name, "\"><h2>", name, " <span class=\"faint\">", EscapeXml(task.value("kind", "")), "</span></h2>\n");
  for (const auto& note : task.value("notes", nlohmann::json::array())) {
    absl::StrAppend(&out, "<p class=\"faint\">", EscapeXml(note.get<std::string>()), "</p>\n");
  }
  out += "<div class=\"charts\">\n";
  for (const std::string& chart : TaskCharts(task)) out += chart;
  out += "</div>\n";
  const nlohmann::json& hubs = ValueAt(task, "hubness/hubs");
  if (hubs.is_array()) absl::StrAppend(&out, "<h3>Largest hubs</h3>", Table(HubTable(hubs), "texts"));
  const ReportTable worst = WorstTable(task);
  if (!worst.rows.empty()) absl::StrAppend(&out, "<h3>Where it goes most wrong</h3>", Table(worst, "texts"));
  return out + "</section>\n";
}

}  // namespace

std::string ReportHtml(const nlohmann::json& report) {
  const std::string model = EscapeXml(ValueAt(report, "model").is_object() ? ValueAt(report, "model").value("name", "model") : "model");
  std::string out = absl::StrCat("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">"
                                 "<meta name=\"color-scheme\" content=\"light dark\"><title>Evaluation of ", model, "</title><style>", kStyle, ChartStyle(),
                                 "</style></head><body>\n<h1>Evaluation of ", model, "</h1>\n");
  for (const auto& suite : report.value("suites", nlohmann::json::array())) {
    absl::StrAppend(&out, "<p class=\"faint\">", EscapeXml(Word(suite, "name")), ": ", EscapeXml(Word(suite, "description")), "</p>\n");
  }
  out += "<nav>";
  const nlohmann::json tasks = report.value("tasks", nlohmann::json::array());
  for (const auto& task : tasks) {
    const std::string name = EscapeXml(task.value("name", "?"));
    absl::StrAppend(&out, "<a href=\"#", name, "\">", name, "</a>");
  }
  out += "</nav>\n";
  for (const ReportTable& table : ReportTables(report)) absl::StrAppend(&out, "<h3>", EscapeXml(table.title), "</h3>\n", Table(table, ""));
  for (const auto& task : tasks) out += Section(task);
  absl::StrAppend(&out, "<section><h2>Conditions</h2>\n", Table(ConditionsTable(report), "conditions"));
  ReportTable data{"", {"file", "bytes", "XXH3-128"}, {}};
  for (const auto& task : tasks) {
    for (const auto& file : task.value("data", nlohmann::json::array())) data.rows.push_back({Word(file, "file"), Word(file, "bytes"), Word(file, "xxh3_128")});
  }
  return absl::StrCat(out, Table(data, ""), "</section></body></html>\n");
}

}  // namespace senvec
