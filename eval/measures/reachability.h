#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "eval/measures/geometry.h"

namespace senvec {

// Which items no query at all can bring to the first place by inner product (kexue.fm 9046): those
// inside the convex hull of the others. Items of length 1 are always reachable unless another one is
// equal, so this is for collections scored by inner product of vectors of different lengths.
enum class Reach {
  kReachable,    // a query was found that ranks the item strictly first
  kEqual,        // another item has the same vector: at best they share the first place
  kUnreachable,  // the item is within `tolerance` of the others' hull
  kUndecided,    // neither was shown within max_steps
};

struct ReachOptions {
  int max_steps = 20000;
  double tolerance = 1e-7;  // relative to the longest vector
};

// One a row. The item itself is tried as the query first, which settles nearly all; for the rest, pairwise
// Frank–Wolfe steps to the hull's point nearest to the item. O(n² dim). The errors of RowsView's users.
absl::StatusOr<std::vector<Reach>> FindUnreachable(const RowsView& rows,
                                                   const ReachOptions& options = {});

}  // namespace senvec
