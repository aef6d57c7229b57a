#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace senvec {

// The numbers of a report that one looks at first.
struct Headline {
  std::string task;
  // "spearman", "pearson", "roc_auc", "accuracy" (of the threshold, or of intents), "threshold", "recall_10", "mrr_10",
  // "ndcg_10" or "hubness_skewness".
  std::string measure;
  double value = 0;
};

// Task by task, without those that have no value.
std::vector<Headline> Headlines(const nlohmann::json& report);

}  // namespace senvec
