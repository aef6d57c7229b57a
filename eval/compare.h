#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "base/json.h"
#include "eval/run.h"

namespace senvec {

// Paired bootstrap of every task that both runs have: {"a", "b": models, "tasks": [{"name", "measure",
// "a", "b", "difference", "interval", "p_value"} or {"name", "note"}]}. Pairs are compared by
// Spearman's ρ, retrieval by nDCG@10 and MRR@10 of each query, intents by accuracy. A task measured on
// other data (by fingerprint) gets a note instead. InvalidArgument when the runs share no task.
absl::StatusOr<nlohmann::json> CompareRuns(const RunReport& a, const RunReport& b, int resamples,
                                           uint64_t seed);

// The same as a table.
std::string ComparisonText(const nlohmann::json& comparison);

}  // namespace senvec
