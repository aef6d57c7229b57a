#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace senvec {

// A document that a search found. Refers to the searcher's strings.
struct ScoredHit {
  absl::string_view id;
  absl::string_view group;  // one class per meaning; empty = the document is a class of its own
  double cosine = 0;
};

// A meaning among the hits: a group, or a document without one.
struct GroupCandidate {
  std::string group;       // empty for a document without a group
  std::string id;          // the best hit's document
  size_t best_hit = 0;     // its position among the hits
  int32_t num_hits = 0;    // hits of this class
  double cosine = 0;       // of the best hit, or with the prototype after Prototypes::Rescore()
};

// One candidate a class, so that a hit is a meaning and not five phrasings of it; cosine = the largest of its hits.
// Best first, ties by the order of the hits. Hits may come in any order.
// InvalidArgument: a cosine that is not finite or beyond [-1.001, 1.001] (an inner product of vectors that are not
// normalised, or an L2 score), with the hit's position and id.
absl::StatusOr<std::vector<GroupCandidate>> GroupHits(absl::Span<const ScoredHit> hits);

// The same for scores that are no cosines, where larger is nearer: `cosine` is that score. InvalidArgument for a score
// that is not finite.
absl::StatusOr<std::vector<GroupCandidate>> GroupByMeaning(absl::Span<const ScoredHit> hits);

}  // namespace senvec
