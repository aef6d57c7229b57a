#include "eval/headlines.h"

#include "eval/report_text.h"

namespace senvec {
namespace {

struct Place {
  const char* measure;
  const char* path;
};
constexpr Place kPlaces[] = {{"spearman", "correlation/spearman"},
                             {"pearson", "correlation/pearson"},
                             {"roc_auc", "decision/roc_auc"},
                             {"accuracy", "decision/thresholds/accuracy/test/accuracy"},
                             {"threshold", "decision/thresholds/accuracy/threshold"},
                             {"recall_10", "retrieval/at/10/recall"},
                             {"mrr_10", "retrieval/at/10/mrr"},
                             {"ndcg_10", "retrieval/at/10/ndcg"},
                             {"hubness_skewness", "hubness/skewness"},
                             {"accuracy", "intents/prototype/accuracy"}};

}  // namespace

std::vector<Headline> Headlines(const nlohmann::json& report) {
  std::vector<Headline> headlines;
  const nlohmann::json& tasks = ValueAt(report, "tasks");
  if (!tasks.is_array()) return headlines;
  for (const auto& task : tasks) {
    for (const Place& place : kPlaces) {
      const nlohmann::json& value = ValueAt(task, place.path);
      if (value.is_number()) headlines.push_back({task.value("name", ""), place.measure, value.get<double>()});
    }
  }
  return headlines;
}

}  // namespace senvec
