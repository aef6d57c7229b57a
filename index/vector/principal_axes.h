#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace senvec {

// A linear map to fewer dimensions that keeps inner products as well as so many can: the first principal axes, then
// turned among themselves so that no dimension carries more than its share, which is what codes of one step want.
struct PrincipalAxes {
  int32_t dims = 0;
  std::vector<float> matrix;  // dims × dim, row-major
};

// From the second moments of `rows` (n × dim), as few dimensions, a multiple of `step`, as keep the share `energy` of
// them; empty where that would not save any.
PrincipalAxes FindPrincipalAxes(absl::Span<const float> rows, int32_t dim, int32_t step, double energy);

}  // namespace senvec
