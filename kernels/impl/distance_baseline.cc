#include <cstddef>
#include <cstdint>

#include "kernels/distance.h"

namespace senvec {
namespace {
constexpr size_t kLanes = 4;
#include "kernels/impl/vector-inl.h"
#include "kernels/impl/plain_distance-inl.h"
#include "kernels/impl/distance-inl.h"
}  // namespace

extern const DistanceKernels kBaselineDistance;
const DistanceKernels kBaselineDistance = SENVEC_DISTANCE_TABLE(Isa::kBaseline);

}  // namespace senvec
