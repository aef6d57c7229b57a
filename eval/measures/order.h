#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace senvec {

// Values in ascending order, runs of equal ones (−0 and 0 too) known.
struct TiedOrder {
  std::vector<uint32_t> positions;  // of the values; equal values keep their order
  std::vector<uint32_t> starts;     // where each run begins in `positions`, and at the end their number
  std::vector<double> values;       // one a run

  size_t num_runs() const { return values.size(); }
};

// By radix: O(n) passes over the high bits, then comparisons within the few runs that those do not
// tell apart; several times as fast as sorting positions by comparison at a million. `values` holds no
// NaN and fewer than 2³² values.
TiedOrder SortWithTies(absl::Span<const double> values);

// The positions alone.
std::vector<uint32_t> AscendingOrder(absl::Span<const double> values);

}  // namespace senvec
