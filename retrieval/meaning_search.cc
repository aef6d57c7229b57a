#include "retrieval/meaning_search.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "retrieval/collection_scoring.h"
#include "scoring/group_hits.h"

namespace senvec {
namespace {

constexpr int32_t kMost = 10000;

absl::Status CheckRange(const char* name, int32_t value, int32_t low, int32_t high) {
  if (value >= low && value <= high) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(name, " is ", value, "; it must be in [", low, ", ", high, "]"));
}

std::vector<ScoredHit> ScoredOf(const std::vector<Hit>& hits) {
  std::vector<ScoredHit> scored;
  scored.reserve(hits.size());
  for (const Hit& hit : hits) scored.push_back({hit.id, hit.group, hit.score});
  return scored;
}

// What is known of the documents that were not among the hits.
MarginTail TailOf(const std::vector<Hit>& hits, int64_t num_documents, const MeaningSearchOptions& options) {
  MarginTail tail;
  tail.num_classes = std::max<int64_t>(0, num_documents - static_cast<int64_t>(hits.size()));
  if (tail.num_classes == 0) return tail;
  const bool is_full = hits.size() >= static_cast<size_t>(options.candidates);
  double largest = hits.empty() ? 1 : hits.back().score;
  // Fewer than were asked for: the others score less than min_score.
  if (!is_full && options.search.min_score.has_value()) largest = *options.search.min_score;
  tail.largest_cosine = std::clamp(largest, -1.0, 1.0);
  return tail;
}

absl::Status JudgeMeanings(const std::vector<GroupCandidate>& candidates, const std::vector<Hit>& hits,
                           const MarginOptions& margin, MeaningResult& result) {
  std::vector<double> cosines;
  for (const GroupCandidate& candidate : candidates) cosines.push_back(candidate.cosine);
  SENVEC_ASSIGN_OR_RETURN(const std::vector<MarginScore> scores, ScoreMargins(cosines, result.tail, margin));
  SENVEC_ASSIGN_OR_RETURN(const Judgement judgement, Judge(cosines, result.tail, margin));
  for (size_t i = 0; i < result.meanings.size(); ++i) result.meanings[i].margin = scores[i];
  result.verdict = judgement.verdict;
  for (size_t i = 1; i < judgement.end_rivals; ++i) result.rivals.push_back(hits[candidates[i].best_hit]);
  return absl::OkStatus();
}

// The first k meanings with their documents. Hits are best first.
std::vector<Meaning> MeaningsOf(const std::vector<GroupCandidate>& candidates, const std::vector<Hit>& hits,
                                const MeaningSearchOptions& options) {
  std::vector<Meaning> meanings(std::min(candidates.size(), static_cast<size_t>(options.k)));
  for (size_t i = 0; i < meanings.size(); ++i) {
    const GroupCandidate& candidate = candidates[i];
    Meaning& meaning = meanings[i];
    meaning.num_found = candidate.num_hits;
    meaning.members.push_back(hits[candidate.best_hit]);
    if (candidate.group.empty()) continue;
    const size_t wanted = static_cast<size_t>(std::min(options.members, candidate.num_hits));
    for (size_t h = 0; h < hits.size() && meaning.members.size() < wanted; ++h) {
      if (h != candidate.best_hit && hits[h].group == candidate.group) meaning.members.push_back(hits[h]);
    }
  }
  return meanings;
}

}  // namespace

absl::Status MeaningSearchOptions::Validate() const {
  SENVEC_RETURN_IF_ERROR(CheckRange("k", k, 1, kMost));
  SENVEC_RETURN_IF_ERROR(CheckRange("candidates", candidates, k, kMost));
  SENVEC_RETURN_IF_ERROR(CheckRange("members_per_group", members, 1, kMost));
  return margin.has_value() ? margin->Validate() : absl::OkStatus();
}

absl::StatusOr<std::vector<MeaningResult>> SearchMeanings(const Collection& collection, absl::Span<const float> queries,
                                                          const MeaningSearchOptions& options) {
  SENVEC_RETURN_IF_ERROR(options.Validate());
  if (options.margin.has_value()) SENVEC_RETURN_IF_ERROR(CheckCosineMetric(collection.options()));
  SearchOptions search = options.search;
  search.k = options.candidates;
  SENVEC_ASSIGN_OR_RETURN(const std::vector<std::vector<Hit>> found, collection.Search(queries, search));
  int64_t num_documents = 0;
  if (options.margin.has_value()) {
    SENVEC_ASSIGN_OR_RETURN(num_documents, collection.Count(search.filter));
  }
  std::vector<MeaningResult> results(found.size());
  for (size_t q = 0; q < found.size(); ++q) {
    const std::vector<Hit>& hits = found[q];
    const std::vector<ScoredHit> scored = ScoredOf(hits);
    SENVEC_ASSIGN_OR_RETURN(const std::vector<GroupCandidate> candidates,
                            options.margin.has_value() ? GroupHits(scored) : GroupByMeaning(scored));
    results[q].meanings = MeaningsOf(candidates, hits, options);
    if (!options.margin.has_value()) continue;
    results[q].tail = TailOf(hits, num_documents, options);
    SENVEC_RETURN_IF_ERROR(JudgeMeanings(candidates, hits, *options.margin, results[q]));
  }
  return results;
}

}  // namespace senvec
