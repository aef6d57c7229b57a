#include "eval/measures/hubness.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "absl/strings/str_cat.h"

namespace senvec {

absl::StatusOr<std::vector<int64_t>> CountOccurrences(absl::Span<const int64_t> neighbors,
                                                      int64_t num_items) {
  std::vector<int64_t> counts(num_items);
  for (size_t i = 0; i < neighbors.size(); ++i) {
    if (neighbors[i] == -1) continue;
    if (neighbors[i] < 0 || neighbors[i] >= num_items) {
      return absl::InvalidArgumentError(absl::StrCat("neighbour ", i, " is item ", neighbors[i],
                                                     " of ", num_items));
    }
    ++counts[neighbors[i]];
  }
  return counts;
}

absl::StatusOr<Hubness> MeasureHubness(absl::Span<const int64_t> occurrences, int largest_hubs) {
  const int64_t places = std::accumulate(occurrences.begin(), occurrences.end(), int64_t{0});
  if (places <= 0) return absl::InvalidArgumentError("hubness needs items in neighbour lists");
  const double n = static_cast<double>(occurrences.size());
  const double mean = static_cast<double>(places) / n;
  double square = 0, cube = 0, distance = 0;
  int64_t antihubs = 0, held = 0;
  for (const int64_t count : occurrences) {
    const double d = static_cast<double>(count) - mean;
    square += d * d / n;
    cube += d * d * d / n;
    distance += std::abs(d);
    antihubs += count == 0;
    if (static_cast<double>(count) >= 2 * mean) held += count;
  }
  Hubness result;
  result.skewness = square == 0 ? 0.0 : cube / (square * std::sqrt(square));
  result.robin_hood = 0.5 * distance / static_cast<double>(places);
  result.antihub_share = static_cast<double>(antihubs) / n;
  result.hub_share = static_cast<double>(held) / static_cast<double>(places);
  result.hubs.resize(occurrences.size());
  std::iota(result.hubs.begin(), result.hubs.end(), 0);
  const size_t shown = std::min(result.hubs.size(), static_cast<size_t>(std::max(largest_hubs, 0)));
  std::partial_sort(result.hubs.begin(), result.hubs.begin() + shown, result.hubs.end(),
                    [&](int64_t a, int64_t b) {
                      if (occurrences[a] != occurrences[b]) return occurrences[a] > occurrences[b];
                      return a < b;
                    });
  result.hubs.resize(shown);
  return result;
}

}  // namespace senvec
