#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "kernels/kernels.h"

namespace senvec {
namespace {
constexpr size_t kLanes = 4;
constexpr size_t kTileRows = 4;
#include "kernels/impl/vector-inl.h"
#include "kernels/impl/plain_steps-inl.h"
#include "kernels/impl/plain_int8-inl.h"
#include "kernels/impl/loops-inl.h"
}  // namespace

extern const Kernels kBaselineKernels;
const Kernels kBaselineKernels = SENVEC_KERNEL_TABLE(Isa::kBaseline);

}  // namespace senvec
