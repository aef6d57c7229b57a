#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "eval/plot/chart.h"
#include "eval/report_html.h"
#include "eval/report_text.h"

namespace senvec {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

double Number(const nlohmann::json& value) { return value.is_number() ? value.get<double>() : kNaN; }

std::vector<std::pair<double, double>> Points(const nlohmann::json& list) {
  std::vector<std::pair<double, double>> points;
  if (!list.is_array()) return points;
  for (const auto& p : list) {
    if (p.is_array() && p.size() >= 2) points.emplace_back(Number(p[0]), Number(p[1]));
  }
  return points;
}

std::optional<double> Threshold(const nlohmann::json& task) {
  const nlohmann::json& value = ValueAt(task, "decision/thresholds/accuracy/threshold");
  if (!value.is_number()) return std::nullopt;
  return value.get<double>();
}

std::string ThresholdLabel(const nlohmann::json& task) {
  const auto threshold = Threshold(task);
  return threshold ? absl::StrFormat("threshold %.3f", *threshold) : "";
}

// Shares of each class, so that a rare one is seen beside a frequent one.
Series Shares(const std::string& name, const nlohmann::json& counts, double from, double width) {
  Series series{name, {}, true};
  double total = 0;
  for (const auto& count : counts) total += Number(count);
  for (size_t i = 0; i < counts.size(); ++i) {
    const double share = total > 0 ? Number(counts[i]) / total : 0;
    series.points.emplace_back(from + width * static_cast<double>(i), share);
  }
  return series;
}

std::string ScoresChart(const nlohmann::json& task) {
  const nlohmann::json& histogram = ValueAt(task, "decision/histogram");
  const nlohmann::json &positives = ValueAt(histogram, "positives"), &negatives = ValueAt(histogram, "negatives");
  const double from = Number(ValueAt(histogram, "from")), to = Number(ValueAt(histogram, "to"));
  const double width = (to - from) / static_cast<double>(std::max<size_t>(positives.size(), 1));
  return ChartSvg({.title = "Cosines of positives and negatives", .x_label = "cosine", .y_label = "share of its class",
                   .series = {Shares("positives", positives, from, width), Shares("negatives", negatives, from, width)},
                   .mark = Threshold(task), .mark_label = ThresholdLabel(task)});
}

std::string ReliabilityChart(const nlohmann::json& task) {
  Series observed{.name = "observed", .dots = true};
  for (const auto& bin : ValueAt(task, "decision/calibration/bins")) {
    if (bin.size() == 3 && Number(bin[0]) > 0) observed.points.emplace_back(Number(bin[1]), Number(bin[2]));
  }
  return ChartSvg({.title = absl::StrCat("Reliability, calibration error ", NumberAt(task, "decision/calibration/ece")),
                   .x_label = "probability from the cosine", .y_label = "share that is positive",
                   .series = {observed, {.name = "ideal", .points = {{0, 0}, {1, 1}}, .dashed = true}},
                   .x_from = 0, .x_to = 1, .y_from = 0, .y_to = 1});
}

void AddDecisionCharts(const nlohmann::json& task, std::vector<std::string>& charts) {
  if (!ValueAt(task, "decision").is_object()) return;
  charts.push_back(ScoresChart(task));
  charts.push_back(ChartSvg({.title = "Accuracy against the threshold", .x_label = "threshold", .y_label = "accuracy on test",
                             .series = {{"accuracy", Points(ValueAt(task, "decision/accuracy_curve"))}},
                             .mark = Threshold(task), .mark_label = ThresholdLabel(task)}));
  const auto roc = Points(ValueAt(task, "decision/roc"));
  if (!roc.empty()) {
    charts.push_back(ChartSvg({.title = absl::StrCat("ROC, area ", NumberAt(task, "decision/roc_auc")),
                               .x_label = "negatives accepted", .y_label = "positives accepted",
                               .series = {{"model", roc}, {.name = "chance", .points = {{0, 0}, {1, 1}}, .dashed = true}},
                               .x_from = 0, .x_to = 1, .y_from = 0, .y_to = 1}));
  }
  if (ValueAt(task, "decision/calibration").is_object()) charts.push_back(ReliabilityChart(task));
}

// Best dev value over all k at each β and γ of the coarse grid.
std::string BetaGammaMap(const nlohmann::json& whitening) {
  std::map<std::pair<double, double>, double> best;
  std::set<double> betas, gammas;
  for (const auto& point : ValueAt(whitening, "points")) {
    const double beta = Number(point["beta"]), gamma = Number(point["gamma"]);
    // Only quarters: the finer grid would leave holes.
    if (beta < 0 || beta > 1 || gamma < 0 || gamma > 1 || std::fmod(beta, 0.25) != 0 || std::fmod(gamma, 0.25) != 0) continue;
    betas.insert(beta);
    gammas.insert(gamma);
    const auto [it, is_new] = best.try_emplace({gamma, beta}, Number(point["dev"]));
    if (!is_new && !(it->second >= Number(point["dev"]))) it->second = Number(point["dev"]);
  }
  HeatMap map{"Spearman on dev, best k", "β (share of the mean removed)", "γ (how far variances are made equal)", {betas.begin(), betas.end()},
              {gammas.begin(), gammas.end()}, {}};
  for (const double gamma : map.y) {
    map.values.emplace_back();
    for (const double beta : map.x) {
      const auto found = best.find({gamma, beta});
      map.values.back().push_back(found == best.end() ? kNaN : found->second);
    }
  }
  return HeatMapSvg(map);
}

void AddRetrievalCharts(const nlohmann::json& task, std::vector<std::string>& charts) {
  const nlohmann::json& at = ValueAt(task, "retrieval/at");
  if (!at.is_object()) return;
  std::map<double, const nlohmann::json*> depths;
  for (const auto& [k, measures] : at.items()) depths[std::atof(k.c_str())] = &measures;
  Series recall{.name = "recall", .dots = true}, hit{.name = "hit", .dots = true, .dashed = true}, ndcg{.name = "nDCG", .dots = true};
  for (const auto& [k, measures] : depths) {
    recall.points.emplace_back(k, Number((*measures)["recall"]));
    hit.points.emplace_back(k, Number((*measures)["hit"]));
    ndcg.points.emplace_back(k, Number((*measures)["ndcg"]));
  }
  charts.push_back(ChartSvg({.title = "Within the first k hits", .x_label = "k", .y_label = "mean over queries",
                             .series = {recall, hit, ndcg}, .y_to = 1, .x_log = true}));
  const nlohmann::json& distribution = ValueAt(task, "hubness/distribution");
  if (!distribution.is_array()) return;
  Series documents{"documents", {}, true};
  const nlohmann::json& stored = ValueAt(task, "hubness/distribution_width");
  const double width = stored.is_number() ? Number(stored) : 1;
  for (size_t i = 0; i < distribution.size(); ++i) {
    documents.points.emplace_back(width * static_cast<double>(i), std::log10(1 + Number(distribution[i])));
  }
  charts.push_back(ChartSvg({.title = absl::StrCat("How often documents are among the first 10, skewness ", NumberAt(task, "hubness/skewness", 2)),
                             .x_label = width > 1 ? absl::StrFormat("lists, %.0f to a bar", width) : "lists", .y_label = "log₁₀(1 + documents)", .series = {documents}}));
}

}  // namespace

std::string SizeQualityChart(const nlohmann::json& whitening, const std::string& title) {
  std::map<double, double> plain, full, tuned, tuned_test;
  for (const auto& point : ValueAt(whitening, "points")) {
    const double k = Number(point["k"]), beta = Number(point["beta"]), gamma = Number(point["gamma"]), dev = Number(point["dev"]);
    if (beta == 0 && gamma == 0) plain[k] = Number(point["test"]);
    if (beta == 1 && gamma == 1) full[k] = Number(point["test"]);
    const auto [it, is_new] = tuned.try_emplace(k, dev);
    if (is_new || dev > it->second) {
      it->second = dev;
      tuned_test[k] = Number(point["test"]);
    }
  }
  const auto series = [](const char* name, const std::map<double, double>& values) {
    return Series{.name = name, .points = {values.begin(), values.end()}, .dots = true};
  };
  Chart chart{.title = title, .x_label = "k, components kept", .y_label = "Spearman on test",
              .series = {series("tuned on dev for each k", tuned_test), series("β=γ=0", plain), series("β=γ=1", full)}, .x_from = 0};
  return ChartSvg(chart);
}

std::vector<std::string> TaskCharts(const nlohmann::json& task) {
  std::vector<std::string> charts;
  AddDecisionCharts(task, charts);
  const nlohmann::json& whitening = ValueAt(task, "whitening");
  if (whitening.is_object() && ValueAt(whitening, "points").is_array()) {
    charts.push_back(SizeQualityChart(whitening, "Size against quality"));
    charts.push_back(BetaGammaMap(whitening));
  }
  AddRetrievalCharts(task, charts);
  return charts;
}

}  // namespace senvec
