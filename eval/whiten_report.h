#pragma once

#include "base/json.h"
#include "base/thread_pool.h"
#include "eval/whiten_search.h"

namespace senvec {

// A coarse search with a finer one around its best point, as part of a report: {"off", "full" (β=γ=1, k=d), "small" (β=γ=0, k=256 or
// ⅔ of the dimension), "tuned", "points": all}, each point {"k", "beta", "gamma", "dev", "test"}. Chosen
// on dev. Null with a note when the search fails.
nlohmann::json WhitenReport(const WhiteningStatistics& statistics, const PairVectors& dev,
                            const PairVectors& test, ThreadPool& pool, nlohmann::json& notes,
                            const std::function<absl::Status()>& check = nullptr);

nlohmann::json ToJson(const WhitenPoint& point);

// The search that the report makes: coarse, then two finer grids around the best point. check: see SearchWhitening().
absl::StatusOr<std::vector<WhitenPoint>> CoarseToFine(const WhiteningStatistics& statistics,
                                                      const PairVectors& dev,
                                                      const PairVectors& test, WhitenGrid grid,
                                                      ThreadPool& pool,
                                                      const std::function<absl::Status()>& check = nullptr);

}  // namespace senvec
