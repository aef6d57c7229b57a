#include "scoring/group_hits.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"

namespace senvec {
namespace {

// fp32 cosines of unit vectors pass 1 by some 1e-6; bf16 and int8 vectors are normalised again.
constexpr double kLargestCosine = 1.001;

absl::Status CheckCosine(const ScoredHit& hit, size_t position) {
  if (std::abs(hit.cosine) <= kLargestCosine) return absl::OkStatus();  // false for NaN
  return absl::InvalidArgumentError(
      absl::StrCat("hit ", position, " (id \"", hit.id, "\") has score ", hit.cosine,
                   ", which is no cosine; margin scoring needs a collection with metric cosine"));
}

}  // namespace

absl::StatusOr<std::vector<GroupCandidate>> GroupHits(absl::Span<const ScoredHit> hits) {
  for (size_t i = 0; i < hits.size(); ++i) {
    if (absl::Status good = CheckCosine(hits[i], i); !good.ok()) return good;
  }
  return GroupByMeaning(hits);
}

absl::StatusOr<std::vector<GroupCandidate>> GroupByMeaning(absl::Span<const ScoredHit> hits) {
  std::vector<GroupCandidate> candidates;
  // A group named "7" and a document "7" without a group are two classes.
  absl::flat_hash_map<std::pair<bool, absl::string_view>, size_t> positions;
  for (size_t i = 0; i < hits.size(); ++i) {
    const ScoredHit& hit = hits[i];
    if (!std::isfinite(hit.cosine)) {
      return absl::InvalidArgumentError(absl::StrCat("hit ", i, " (id \"", hit.id, "\") has score ", hit.cosine));
    }
    const bool grouped = !hit.group.empty();
    const auto [known, is_new] =
        positions.try_emplace({grouped, grouped ? hit.group : hit.id}, candidates.size());
    if (is_new) {
      candidates.push_back({std::string(hit.group), std::string(hit.id), i, 1, hit.cosine});
      continue;
    }
    GroupCandidate& candidate = candidates[known->second];
    ++candidate.num_hits;
    if (hit.cosine <= candidate.cosine) continue;
    candidate.id = std::string(hit.id);
    candidate.best_hit = i;
    candidate.cosine = hit.cosine;
  }
  std::stable_sort(candidates.begin(), candidates.end(), [](const auto& a, const auto& b) {
    return a.cosine != b.cosine ? a.cosine > b.cosine : a.best_hit < b.best_hit;
  });
  return candidates;
}

}  // namespace senvec
