#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "eval/report_text.h"

namespace senvec {
namespace {

using Cells = std::vector<std::string>;

constexpr char kNone[] = "–";

std::string Whole(const nlohmann::json& value) { return value.is_number() ? DumpJson(value) : kNone; }

std::string IntervalAt(const nlohmann::json& object, const std::string& path) {
  const nlohmann::json& value = ValueAt(object, path);
  if (!value.is_array() || value.size() != 2 || !value[0].is_number()) return kNone;
  return absl::StrFormat("%.4f … %.4f", value[0].get<double>(), value[1].get<double>());
}

// A value as people write it; an object as "key value, key value".
std::string Words(const nlohmann::json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return absl::StrFormat("%.4g", value.get<double>());
  if (!value.is_object()) return DumpJson(value);
  std::string out;
  for (const auto& [key, entry] : value.items()) absl::StrAppend(&out, out.empty() ? "" : ", ", key, " ", Words(entry));
  return out;
}

std::string Name(const nlohmann::json& task) {
  const nlohmann::json& name = ValueAt(task, "name");
  return name.is_string() ? name.get<std::string>() : "?";
}

Cells PairRow(const nlohmann::json& t) {
  return {Name(t), Whole(ValueAt(t, "pairs/test")), NumberAt(t, "correlation/spearman"), IntervalAt(t, "correlation/spearman_interval"),
          NumberAt(t, "correlation/pearson"), NumberAt(t, "decision/roc_auc"), NumberAt(t, "decision/average_precision"),
          NumberAt(t, "decision/calibration/ece")};
}

Cells ThresholdRow(const nlohmann::json& t, const std::string& goal) {
  const std::string at = absl::StrCat("decision/thresholds/", goal, "/");
  return {absl::StrCat(Name(t), ", ", goal), NumberAt(t, at + "threshold"), IntervalAt(t, at + "threshold_interval"),
          NumberAt(t, at + "tuned/accuracy"), NumberAt(t, at + "test/accuracy"), IntervalAt(t, at + "test/accuracy_interval"),
          NumberAt(t, at + "test/precision"), NumberAt(t, at + "test/recall"), NumberAt(t, at + "test/f1"), NumberAt(t, at + "test/mcc")};
}

Cells WhitenRow(const nlohmann::json& t) {
  const auto point = [&](const std::string& key) { return NumberAt(t, absl::StrCat("whitening/", key, "/test")); };
  const std::string tuned = absl::StrCat("k ", Whole(ValueAt(t, "whitening/tuned/k")), ", β ", NumberAt(t, "whitening/tuned/beta", 3), ", γ ",
                                         NumberAt(t, "whitening/tuned/gamma", 3));
  return {Name(t), point("off"), point("full"), absl::StrCat(point("small"), " (k ", Whole(ValueAt(t, "whitening/small/k")), ")"), point("tuned"), tuned};
}

Cells RetrievalRow(const nlohmann::json& t) {
  Cells row = {Name(t), Whole(ValueAt(t, "documents")), Whole(ValueAt(t, "retrieval/queries"))};
  for (const char* path : {"retrieval/at/1/hit", "retrieval/at/10/hit", "retrieval/at/10/recall", "retrieval/at/100/recall",
                           "retrieval/at/10/mrr", "retrieval/at/10/ndcg"}) {
    row.push_back(NumberAt(t, path));
  }
  row.push_back(IntervalAt(t, "retrieval/ndcg_10_interval"));
  row.push_back(NumberAt(t, "retrieval/at/100/map"));
  return row;
}

Cells HubRow(const nlohmann::json& t) {
  const nlohmann::json& hubs = ValueAt(t, "hubness/hubs");
  std::string largest = kNone;
  if (hubs.is_array() && !hubs.empty()) {
    largest = absl::StrCat(hubs[0].value("id", "?"), " in ", hubs[0].value("lists", int64_t{0}), " lists");
  }
  return {Name(t), NumberAt(t, "hubness/skewness", 2), NumberAt(t, "hubness/robin_hood"), NumberAt(t, "hubness/antihub_share"),
          NumberAt(t, "hubness/hub_share"), largest, Whole(ValueAt(t, "unreachable/equal_to_another")),
          NumberAt(t, "geometry/mean_cosine"), NumberAt(t, "geometry/effective_dimension", 1)};
}

std::string RemedyName(const nlohmann::json& remedy) {
  static const std::pair<const char*, const char*> kNames[] = {
      {"off", "none"}, {"full", "β=γ=1, all"}, {"full_small", "β=γ=1, small"}, {"small", "β=γ=0, small"}, {"csls", "CSLS, near documents"}, {"csls_queries", "CSLS, near queries"}};
  const std::string name = remedy.value("name", "?");
  for (const auto& [key, shown] : kNames) {
    if (name == key) return shown;
  }
  return name;
}

std::vector<Cells> RemedyRows(const nlohmann::json& t) {
  std::vector<Cells> rows;
  for (const auto& remedy : ValueAt(t, "remedies")) {
    rows.push_back({absl::StrCat(Name(t), ", ", RemedyName(remedy)), NumberAt(remedy, "recall_10"), NumberAt(remedy, "mrr_10"), NumberAt(remedy, "ndcg_10"),
                    NumberAt(remedy, "skewness", 2), NumberAt(remedy, "robin_hood"), NumberAt(remedy, "antihub_share")});
  }
  return rows;
}

Cells GeometryRow(const nlohmann::json& t) {
  return {Name(t), NumberAt(t, "geometry/alignment"), NumberAt(t, "geometry/uniformity"), NumberAt(t, "geometry/mean_cosine"),
          NumberAt(t, "geometry/effective_dimension", 1), NumberAt(t, "geometry/entropy_dimension", 1), NumberAt(t, "geometry/isotropy")};
}

Cells IntentRow(const nlohmann::json& t) {
  return {Name(t), Whole(ValueAt(t, "intents/classes")), Whole(ValueAt(t, "sentences/test")), NumberAt(t, "intents/prototype/accuracy"),
          IntervalAt(t, "intents/accuracy_interval"), NumberAt(t, "intents/prototype/macro_f1"), NumberAt(t, "intents/nearest/accuracy")};
}

// Adds a row for each task that has the key.
void Fill(const nlohmann::json& report, const std::string& key, ReportTable table,
          const std::function<std::vector<Cells>(const nlohmann::json&)>& rows_of, std::vector<ReportTable>& tables) {
  const nlohmann::json& tasks = ValueAt(report, "tasks");
  if (!tasks.is_array()) return;
  for (const auto& task : tasks) {
    if (ValueAt(task, key).is_null()) continue;
    for (Cells& row : rows_of(task)) table.rows.push_back(std::move(row));
  }
  if (!table.rows.empty()) tables.push_back(std::move(table));
}

}  // namespace

const nlohmann::json& ValueAt(const nlohmann::json& object, const std::string& path) {
  static const nlohmann::json* const kNull = new nlohmann::json();
  const nlohmann::json* at = &object;
  for (const absl::string_view key : absl::StrSplit(path, '/', absl::SkipEmpty())) {
    if (!at->is_object()) return *kNull;
    const auto found = at->find(std::string(key));
    if (found == at->end()) return *kNull;
    at = &*found;
  }
  return *at;
}

std::string NumberAt(const nlohmann::json& object, const std::string& path, int digits) {
  const nlohmann::json& value = ValueAt(object, path);
  return value.is_number() ? absl::StrFormat("%.*f", digits, value.get<double>()) : kNone;
}

std::vector<ReportTable> ReportTables(const nlohmann::json& report) {
  const auto one = [](Cells (*row)(const nlohmann::json&)) {
    return [row](const nlohmann::json& task) { return std::vector<Cells>{row(task)}; };
  };
  std::vector<ReportTable> tables;
  Fill(report, "correlation", {"Pairs", {"task", "pairs", "Spearman", "95 % interval", "Pearson", "ROC AUC", "average precision", "calibration error"}, {}},
       one(PairRow), tables);
  Fill(report, "decision", {"Thresholds, chosen on dev and applied to test",
                            {"task, goal", "threshold", "95 % interval", "accuracy on dev", "accuracy", "95 % interval", "precision", "recall", "F1", "MCC"}, {}},
       [](const nlohmann::json& task) {
         std::vector<Cells> rows;
         for (const char* goal : {"accuracy", "f1", "mcc", "precision_95"}) {
           if (!ValueAt(task, absl::StrCat("decision/thresholds/", goal)).is_null()) rows.push_back(ThresholdRow(task, goal));
         }
         return rows;
       }, tables);
  Fill(report, "whitening", {"Whitening: Spearman on test, fitted and chosen on dev", {"task", "off", "β=γ=1, all", "β=γ=0, small", "tuned", "tuned to"}, {}},
       one(WhitenRow), tables);
  Fill(report, "retrieval", {"Retrieval", {"task", "documents", "queries", "hit@1", "hit@10", "recall@10", "recall@100", "MRR@10", "nDCG@10", "95 % interval", "MAP@100"}, {}},
       one(RetrievalRow), tables);
  Fill(report, "hubness", {"Hubs among the first 10 hits", {"task", "skewness", "Robin Hood", "in no list", "held by hubs", "largest", "equal vectors", "mean cosine", "effective dimension"}, {}},
       one(HubRow), tables);
  Fill(report, "remedies", {"Against hubs: whitening fitted on the corpus, and CSLS",
                            {"task, remedy", "recall@10", "MRR@10", "nDCG@10", "skewness", "Robin Hood", "in no list"}, {}},
       RemedyRows, tables);
  Fill(report, "intents", {"Intents", {"task", "classes", "sentences", "accuracy", "95 % interval", "macro F1", "accuracy by nearest sentence"}, {}},
       one(IntentRow), tables);
  Fill(report, "correlation", {"Geometry of the sentences", {"task", "alignment", "uniformity", "mean cosine", "effective dimension", "by entropy", "isotropy"}, {}},
       one(GeometryRow), tables);
  return tables;
}

ReportTable ConditionsTable(const nlohmann::json& report) {
  ReportTable table{"Conditions", {"", ""}, {}};
  const auto add = [&](const char* name, const std::string& path) {
    const nlohmann::json& value = ValueAt(report, path);
    if (value.is_null()) return;
    table.rows.push_back({name, Words(value)});
  };
  add("model", "model/name");
  add("fingerprint", "model/fingerprint");
  add("precision", "model/precision");
  add("instruction set", "model/isa");
  add("pooling", "model/pooling");
  add("longest input, tokens", "model/max_tokens");
  add("whitening", "whitening");
  add("command", "command");
  add("started", "started");
  add("machine", "machine");
  add("sentences encoded", "encoding/sentences");
  add("sentences from the cache", "encoding/from_cache");
  add("sentences cut", "encoding/truncated");
  add("seconds of encoding", "encoding/seconds");
  add("seconds in all", "seconds");
  add("bootstrap", "bootstrap");
  add("senvec", "senvec");
  return table;
}

}  // namespace senvec
