#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace senvec {

// How unevenly items appear in others' neighbour lists (METHODS 5.2; Radovanović et al., JMLR 2010).
struct Hubness {
  // E[(N_k − mean)³] / σ³ with population moments; 0 when all N_k are equal. Above 1 is much.
  double skewness = 0;
  double robin_hood = 0;      // ½ Σ|N_k − mean| / Σ N_k: share of places to move until all are equal
  double antihub_share = 0;   // items that are in no list
  double hub_share = 0;       // share of places that items with N_k ≥ 2 · mean hold
  std::vector<int64_t> hubs;  // items with the largest N_k, descending; of equal ones the first
};

// How often each of `num_items` items is in `neighbors`: lists of positions one after the other,
// −1 = no neighbour. InvalidArgument for another position.
absl::StatusOr<std::vector<int64_t>> CountOccurrences(absl::Span<const int64_t> neighbors,
                                                      int64_t num_items);

// Of N_k, one an item. InvalidArgument when there are no items or no places at all.
absl::StatusOr<Hubness> MeasureHubness(absl::Span<const int64_t> occurrences, int largest_hubs);

}  // namespace senvec
