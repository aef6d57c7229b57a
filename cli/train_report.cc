#include "cli/train_report.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "eval/plot/chart.h"

namespace senvec {
namespace {

constexpr char kStyle[] = R"css(
:root{--ink:#1c2733;--paper:#fff;--rule:#d5dbe1;--faint:#5f6b7a}
@media screen and (prefers-color-scheme:dark){:root{--ink:#e4e9ee;--paper:#14191f;--rule:#37424e;--faint:#9aa6b2}}
body{margin:0 auto;max-width:1180px;padding:24px;font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
.faint{color:var(--faint)}table{border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums;margin:4px 0 16px}
th,td{padding:4px 10px;border-bottom:1px solid var(--rule);text-align:right}th:first-child,td:first-child{text-align:left}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(340px,1fr));gap:14px}
.charts svg{width:100%;height:auto;border:1px solid var(--rule);border-radius:6px}
@page{margin:14mm}@media print{body{max-width:none;padding:0}.charts{grid-template-columns:repeat(2,1fr)}.charts svg{break-inside:avoid}}
)css";

// Beside the mean; a chart has six colours.
constexpr size_t kSetsPerChart = 5;

using Points = std::vector<std::pair<double, double>>;

// Curves by name.
using Curves = std::map<std::string, Points>;

std::string StepChart(const std::string& title, const std::string& y_label, std::vector<Series> series) {
  return absl::StrCat(ChartSvg({.title = title, .x_label = "step", .y_label = y_label, .series = std::move(series)}), "\n");
}

const TrainLogLine* Best(const std::vector<TrainLogLine>& lines) {
  const TrainLogLine* best = nullptr;
  for (const TrainLogLine& line : lines) {
    if (line.best) best = &line;
  }
  return best;
}

std::string DevCharts(const std::vector<TrainLogLine>& lines) {
  Points mean;
  Curves sets;
  for (const TrainLogLine& line : lines) {
    if (line.dev.empty()) continue;
    const double step = static_cast<double>(line.step);
    mean.emplace_back(step, line.mean);
    for (const auto& [name, value] : line.dev) sets[name].emplace_back(step, value);
  }
  std::string out;
  std::vector<Series> series;
  size_t left = sets.size();
  for (auto& [name, points] : sets) {
    if (series.empty() && sets.size() > 1) series.push_back({.name = "mean", .points = mean, .dashed = true});
    series.push_back({.name = name, .points = std::move(points), .dots = true});
    --left;
    if (series.size() <= kSetsPerChart && left > 0) continue;
    out += StepChart("Dev sets", "Spearman", std::move(series));
    series.clear();
  }
  return out;
}

std::string LossCharts(const std::vector<TrainLogLine>& lines) {
  Curves tasks, others;
  for (const TrainLogLine& line : lines) {
    if (line.loss.empty()) continue;
    const double step = static_cast<double>(line.step);
    for (const auto& [task, loss] : line.loss) tasks[task].emplace_back(step, loss);
    others["Learning rate"].emplace_back(step, line.learning_rate);
    others["Norm of the gradients, before clipping"].emplace_back(step, line.gradient_norm);
    others["Sentences a second"].emplace_back(step, line.sentences_per_s);
  }
  std::string out;
  // One chart each, since losses of different kinds have different scales.
  for (auto& [task, points] : tasks) out += StepChart("Loss of " + task, "loss", {{.name = task, .points = std::move(points)}});
  for (auto& [title, points] : others) out += StepChart(title, "", {{.name = title, .points = std::move(points)}});
  return out;
}

std::string BestTable(const TrainLogLine& best) {
  std::string out = absl::StrFormat("<table><thead><tr><th>dev set</th><th>Spearman at step %d</th></tr></thead><tbody>", best.step);
  for (const auto& [name, value] : best.dev) absl::StrAppendFormat(&out, "<tr><td>%s</td><td>%.4f</td></tr>", EscapeXml(name), value);
  absl::StrAppendFormat(&out, "<tr><td>weighted mean</td><td>%.4f</td></tr></tbody></table>\n", best.mean);
  return out;
}

}  // namespace

std::string TrainReportHtml(absl::string_view title, const std::vector<TrainLogLine>& lines) {
  std::string out = absl::StrCat(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\n<title>",
      EscapeXml(title), "</title><style>", kStyle, ChartStyle(), "</style></head><body>\n<h1>", EscapeXml(title), "</h1>\n");
  if (!lines.empty()) {
    absl::StrAppendFormat(&out, "<p class=\"faint\">%d steps in %.1f minutes of training, dev sets left out</p>\n", lines.back().step,
                          lines.back().seconds / 60);
  }
  if (const TrainLogLine* best = Best(lines); best != nullptr) out += BestTable(*best);
  absl::StrAppend(&out, "<div class=\"charts\">\n", DevCharts(lines), LossCharts(lines), "</div>\n</body></html>\n");
  return out;
}

}  // namespace senvec
