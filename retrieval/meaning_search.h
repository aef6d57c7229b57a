#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "index/collection.h"
#include "scoring/margin.h"

namespace senvec {

// How a collection is searched for meanings: groups, and documents without one.
struct MeaningSearchOptions {
  // Filter, min_score and the like; its k is not used.
  SearchOptions search;
  int32_t k = 10;            // meanings of an answer, [1, 10000]
  int32_t candidates = 100;  // documents that are searched for each query, [k, 10000]
  int32_t members = 1;       // documents of a meaning that an answer has, its best one included, [1, 10000]
  // Set: meanings get probabilities and the query a verdict. Needs the metric cosine.
  std::optional<MarginOptions> margin;

  // InvalidArgument names the option, its value and what it takes.
  absl::Status Validate() const;
};

struct Meaning {
  // Best first, at most MeaningSearchOptions::members, never empty. A meaning scores as its best document.
  std::vector<Hit> members;
  int32_t num_found = 0;  // documents of the meaning among the candidates
  MarginScore margin;     // with MeaningSearchOptions::margin
};

struct MeaningResult {
  std::vector<Meaning> meanings;  // best first, at most k
  // The rest is filled with MeaningSearchOptions::margin only.
  Verdict verdict = Verdict::kUnknown;
  // The best documents of the meanings that made it ambiguous, best first; those beyond the first k too.
  std::vector<Hit> rivals;
  // Documents beyond the candidates, which no more meanings can be, and the largest cosine that one can have.
  MarginTail tail;
};

// Best meanings of each query (n × dim). With a min_score, meanings below it are left out of the answer, and their
// documents count as beyond the candidates. Errors are those of Collection::Search(), and FailedPrecondition for
// margins without cosines.
absl::StatusOr<std::vector<MeaningResult>> SearchMeanings(const Collection& collection, absl::Span<const float> queries,
                                                          const MeaningSearchOptions& options);

}  // namespace senvec
