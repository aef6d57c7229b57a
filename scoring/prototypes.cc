#include "scoring/prototypes.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "kernels/isa.h"
#include "kernels/kernels.h"

namespace senvec {
namespace {

// Opposite members leave rounding errors only.
constexpr double kShortestMean = 1e-6;

}  // namespace

absl::StatusOr<Prototypes> Prototypes::Build(absl::Span<const absl::string_view> ids,
                                             absl::Span<const absl::string_view> groups,
                                             absl::Span<const float> rows, int32_t dim) {
  const size_t d = static_cast<size_t>(std::max(dim, 0));
  if (d == 0 || ids.size() != groups.size() || rows.size() != ids.size() * d) {
    return absl::InvalidArgumentError(absl::StrCat(ids.size(), " ids, ", groups.size(), " groups and ",
                                                   rows.size(), " values of dimension ", dim, " do not fit"));
  }
  Prototypes made;
  made.dim_ = dim;
  std::vector<double> sums;
  std::vector<int64_t> counts;
  for (size_t i = 0; i < ids.size(); ++i) {
    const bool grouped = !groups[i].empty();
    const Key key = {grouped, std::string(grouped ? groups[i] : ids[i])};
    const auto [at, is_new] = made.positions_.try_emplace(key, counts.size());
    if (is_new) {
      counts.push_back(0);
      sums.resize(sums.size() + d);
    }
    ++counts[at->second];
    for (size_t j = 0; j < d; ++j) {
      const float value = rows[i * d + j];
      if (!std::isfinite(value)) {
        return absl::InvalidArgumentError(absl::StrCat("the vector of document \"", ids[i], "\" is not finite"));
      }
      sums[at->second * d + j] += value;
    }
  }
  made.rows_.resize(sums.size());
  for (const auto& [key, at] : made.positions_) {
    double squares = 0;
    for (size_t j = 0; j < d; ++j) squares += sums[at * d + j] * sums[at * d + j];
    const double length = std::sqrt(squares), mean_length = length / static_cast<double>(counts[at]);
    if (mean_length < kShortestMean) {
      return absl::InvalidArgumentError(absl::StrCat(key.first ? "group \"" : "document \"", key.second,
                                                     "\" has no prototype: its vectors sum to zero"));
    }
    made.shortest_mean_ = std::min(made.shortest_mean_, mean_length);
    for (size_t j = 0; j < d; ++j) made.rows_[at * d + j] = static_cast<float>(sums[at * d + j] / length);
  }
  return made;
}

absl::Status Prototypes::Rescore(absl::Span<const float> query, std::vector<GroupCandidate>& candidates) const {
  const size_t d = static_cast<size_t>(dim_);
  if (query.size() != d) {
    return absl::InvalidArgumentError(
        absl::StrCat("the query has ", query.size(), " values, the prototypes have ", dim_));
  }
  const Kernels& kernels = KernelsFor(SupportedIsas().back());
  for (GroupCandidate& candidate : candidates) {
    const bool grouped = !candidate.group.empty();
    const auto at = positions_.find(Key{grouped, grouped ? candidate.group : candidate.id});
    if (at == positions_.end()) {
      return absl::NotFoundError(absl::StrCat(grouped ? "group \"" : "document \"",
                                              grouped ? candidate.group : candidate.id, "\" has no prototype"));
    }
    candidate.cosine = kernels.dot(query.data(), rows_.data() + at->second * d, d);
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const auto& a, const auto& b) { return a.cosine > b.cosine; });
  return absl::OkStatus();
}

double Prototypes::UpperBound(double cosine) const {
  return cosine <= 0 ? cosine : std::min(1.0, cosine / shortest_mean_);
}

}  // namespace senvec
