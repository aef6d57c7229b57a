#include "eval/compare.h"

#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "eval/measures/correlation.h"
#include "eval/measures/significance.h"
#include "eval/report_text.h"

namespace senvec {
namespace {

const nlohmann::json* FindTask(const nlohmann::json& report, const std::string& name) {
  if (!report.is_object()) return nullptr;
  const auto tasks = report.find("tasks");
  if (tasks == report.end() || !tasks->is_array()) return nullptr;
  for (const auto& task : *tasks) {
    if (task.is_object() && task.value("name", "") == name) return &task;
  }
  return nullptr;
}

// The list of numbers items[task][key], where it is one.
std::optional<std::vector<double>> Numbers(const nlohmann::json& items, const std::string& task,
                                           const std::string& key) {
  const auto found = items.find(task);
  if (found == items.end() || !found->is_object()) return std::nullopt;
  const auto list = found->find(key);
  if (list == found->end() || !list->is_array()) return std::nullopt;
  std::vector<double> numbers;
  for (const auto& value : *list) {
    if (!value.is_number()) return std::nullopt;
    numbers.push_back(value.get<double>());
  }
  return numbers;
}

double Mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += v;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

nlohmann::json Row(const std::string& task, const std::string& measure, double a, double b,
                   const absl::StatusOr<PairedDifference>& found) {
  if (!found.ok()) return {{"name", task}, {"measure", measure}, {"note", std::string(found.status().message())}};
  return {{"name", task}, {"measure", measure}, {"a", a}, {"b", b}, {"difference", found->difference},
          {"interval", {found->interval.low, found->interval.high}}, {"p_value", found->p_value}};
}

void CompareTask(const std::string& name, const nlohmann::json& items_a, const nlohmann::json& items_b,
                 int resamples, uint64_t seed, nlohmann::json& rows) {
  RandomBits random(seed);
  const auto cosines_a = Numbers(items_a, name, "cosine"), cosines_b = Numbers(items_b, name, "cosine");
  const auto labels = Numbers(items_a, name, "label");
  if (cosines_a && cosines_b && labels) {
    const auto a = SpearmanCorrelation(*cosines_a, *labels), b = SpearmanCorrelation(*cosines_b, *labels);
    rows.push_back(Row(name, "spearman", a.value_or(0), b.value_or(0),
                       CompareSpearman(*cosines_a, *cosines_b, *labels, resamples, random)));
  }
  for (const char* key : {"ndcg_10", "mrr_10", "right"}) {
    const auto a = Numbers(items_a, name, key), b = Numbers(items_b, name, key);
    if (!a || !b) continue;
    rows.push_back(Row(name, std::string(key) == "right" ? "accuracy" : key, Mean(*a), Mean(*b),
                       CompareMeans(*a, *b, resamples, random)));
  }
}

nlohmann::json Named(const nlohmann::json& report) {
  return {{"model", ValueAt(report, "model")}, {"whitening", ValueAt(report, "whitening")}};
}

std::string Title(const nlohmann::json& side) {
  if (!side["model"].is_object()) return "?";
  std::string title = absl::StrCat(side["model"].value("name", "?"), ", ", side["model"].value("precision", "?"));
  if (side["whitening"].is_object()) {
    absl::StrAppend(&title, ", whitened to ", side["whitening"].value("k", 0));
  }
  return title;
}

}  // namespace

absl::StatusOr<nlohmann::json> CompareRuns(const RunReport& a, const RunReport& b, int resamples,
                                           uint64_t seed) {
  nlohmann::json out = {{"a", Named(a.report)}, {"b", Named(b.report)}, {"resamples", resamples}, {"seed", seed}};
  out["tasks"] = nlohmann::json::array();
  for (const auto& [name, items] : a.items.items()) {
    const nlohmann::json* task_a = FindTask(a.report, name);
    const nlohmann::json* task_b = FindTask(b.report, name);
    if (task_a == nullptr || task_b == nullptr || !b.items.contains(name)) continue;
    if (task_a->value("data", nlohmann::json()) != task_b->value("data", nlohmann::json())) {
      out["tasks"].push_back({{"name", name}, {"note", "the runs were measured on different files"}});
      continue;
    }
    CompareTask(name, a.items, b.items, resamples, seed, out["tasks"]);
  }
  if (!out["tasks"].empty()) return out;
  return absl::InvalidArgumentError("the two runs have no task in common; there is nothing to compare");
}

std::string ComparisonText(const nlohmann::json& comparison) {
  std::string out = absl::StrCat("A: ", Title(comparison["a"]), "\nB: ", Title(comparison["b"]), "\n\n");
  absl::StrAppendFormat(&out, "%-20s %-9s %8s %8s %8s  %-18s %s\n", "task", "measure", "A", "B", "B - A", "95 % interval", "p");
  for (const auto& row : comparison["tasks"]) {
    if (row.contains("note")) {
      absl::StrAppendFormat(&out, "%-20s %s\n", row["name"].get<std::string>(), row["note"].get<std::string>());
      continue;
    }
    const double p = row["p_value"].get<double>();
    absl::StrAppendFormat(&out, "%-20s %-9s %8.4f %8.4f %+8.4f  %+.4f … %+.4f  %.4f%s\n", row["name"].get<std::string>(),
                          row["measure"].get<std::string>(), row["a"].get<double>(), row["b"].get<double>(),
                          row["difference"].get<double>(), row["interval"][0].get<double>(), row["interval"][1].get<double>(),
                          p, p < 0.05 ? " *" : "");
  }
  return out + "\n* the sign of B - A is hardly chance (p < 0.05, paired bootstrap)\n";
}

}  // namespace senvec
