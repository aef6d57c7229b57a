#include <cstddef>

#include "kernels/kernels.h"

namespace senvec {
namespace {
constexpr size_t kLanes = 4;
#include "kernels/impl/vector-inl.h"
#include "kernels/impl/kernels-inl.h"
}  // namespace

extern const Kernels kBaselineKernels;
const Kernels kBaselineKernels = SENVEC_KERNEL_TABLE(Isa::kBaseline);

}  // namespace senvec
