#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace senvec {

enum class Reachability {
  kReachable,    // a query was found for which the item is the only best one
  kUnreachable,  // there is none, or none that leads by more than rounding
  kUndecided,    // neither was shown in the steps allowed
};

struct ReachabilityOptions {
  int32_t max_steps = 5000;
  // An item counts as unreachable when no query gives it a lead above this share of the query's length times the
  // distance to the other item.
  double tolerance = 1e-7;
};

// Whether item `target` can be the only best one under w_i · x + b_i, for any x. kexue.fm 9046: it cannot exactly when
// min_α ‖Σ_{i≠k} α_i (w_k − w_i)‖ = 0 over the simplex, found by pairwise Frank-Wolfe steps on the differences, which
// are made of length 1 (that changes their hull, not whether it holds 0). The point itself is the query that proves
// reachability. With biases the vectors are (w_k − w_i, b_k − b_i) and (0, 1). DERIVED: Gordan's theorem.
// Items of equal length that differ are all reachable without biases; an item that equals another is not.
//
// weights: n × dim, biases: n or empty; finite (InvalidArgument, with the item). O(n dim) a step.
absl::StatusOr<Reachability> CheckReachable(absl::Span<const double> weights, absl::Span<const double> biases,
                                            int32_t dim, size_t target, const ReachabilityOptions& options);

}  // namespace senvec
