#include "eval/measures/resampling.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace senvec {
namespace {

// numpy's "linear" method. `sorted` is not empty.
double Percentile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const size_t below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

uint64_t RandomBelow(RandomBits& random, uint64_t n) {
  return static_cast<uint64_t>((static_cast<unsigned __int128>(random()) * n) >> 64);
}

void ResampleCounts(RandomBits& random, absl::Span<uint32_t> counts) {
  std::fill(counts.begin(), counts.end(), 0);
  for (size_t i = 0; i < counts.size(); ++i) ++counts[RandomBelow(random, counts.size())];
}

absl::StatusOr<Interval> PercentileInterval(std::vector<double> values) {
  if (values.empty()) return absl::InvalidArgumentError("an interval needs at least one sample");
  std::sort(values.begin(), values.end());
  return Interval{Percentile(values, 0.025), Percentile(values, 0.975)};
}

absl::StatusOr<Interval> BootstrapMean(absl::Span<const double> values, int resamples,
                                       RandomBits& random) {
  if (values.empty()) return absl::InvalidArgumentError("the mean of no values has no interval");
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i])) continue;
    return absl::InvalidArgumentError(absl::StrCat("value ", i, " is ", values[i]));
  }
  std::vector<double> means;
  for (int r = 0; r < resamples; ++r) {
    double sum = 0;
    for (size_t i = 0; i < values.size(); ++i) sum += values[RandomBelow(random, values.size())];
    means.push_back(sum / static_cast<double>(values.size()));
  }
  return PercentileInterval(std::move(means));
}

}  // namespace senvec
