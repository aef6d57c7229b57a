#include "eval/whiten_report.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "eval/task.h"

namespace senvec {
namespace {

const WhitenPoint* Find(const std::vector<WhitenPoint>& points, int32_t k, double beta, double gamma) {
  for (const WhitenPoint& point : points) {
    if (point.k == k && point.beta == beta && point.gamma == gamma) return &point;
  }
  return nullptr;
}

}  // namespace

nlohmann::json ToJson(const WhitenPoint& point) {
  return {{"k", point.k}, {"beta", point.beta}, {"gamma", point.gamma}, {"dev", point.dev}, {"test", point.test}};
}

absl::StatusOr<std::vector<WhitenPoint>> CoarseToFine(const WhiteningStatistics& statistics,
                                                      const PairVectors& dev,
                                                      const PairVectors& test, WhitenGrid grid,
                                                      ThreadPool& pool,
                                                      const std::function<absl::Status()>& check) {
  SENVEC_ASSIGN_OR_RETURN(std::vector<WhitenPoint> points,
                          SearchWhitening(statistics, dev, test, grid, pool, check));
  for (const double step : {0.25, 0.125}) {
    const WhitenPoint* best = BestPoint(points);
    if (best == nullptr) break;
    const WhitenGrid finer = WhitenGrid::Around(best->beta, best->gamma, step, grid.k);
    SENVEC_ASSIGN_OR_RETURN(const std::vector<WhitenPoint> more,
                            SearchWhitening(statistics, dev, test, finer, pool, check));
    points.insert(points.end(), more.begin(), more.end());
  }
  return points;
}

nlohmann::json WhitenReport(const WhiteningStatistics& statistics, const PairVectors& dev,
                            const PairVectors& test, ThreadPool& pool, nlohmann::json& notes,
                            const std::function<absl::Status()>& check) {
  const int32_t dim = statistics.dim();
  const int32_t small = SmallDimension(dim);
  WhitenGrid grid = WhitenGrid::Coarse(dim);
  if (std::find(grid.k.begin(), grid.k.end(), small) == grid.k.end()) {
    grid.k.insert(std::upper_bound(grid.k.begin(), grid.k.end(), small), small);
  }
  const auto points = CoarseToFine(statistics, dev, test, grid, pool, check);
  const WhitenPoint* best = points.ok() ? BestPoint(*points) : nullptr;
  if (best == nullptr) {
    notes.push_back(absl::StrCat("whitening: ", points.ok() ? "Spearman has no value on dev"
                                                            : points.status().message()));
    return nullptr;
  }
  nlohmann::json out;
  out["vectors"] = statistics.count();
  out["off"] = ToJson(*Find(*points, dim, 0, 0));
  out["full"] = ToJson(*Find(*points, dim, 1, 1));
  out["small"] = ToJson(*Find(*points, small, 0, 0));
  out["tuned"] = ToJson(*best);
  for (const WhitenPoint& point : *points) out["points"].push_back(ToJson(point));
  return out;
}

}  // namespace senvec
