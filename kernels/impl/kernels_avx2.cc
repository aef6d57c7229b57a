#if defined(__x86_64__)
#include <cstddef>

#include "kernels/impl/target.h"
#include "kernels/kernels.h"

namespace senvec {
SENVEC_TARGET_BEGIN("avx2,fma")
namespace {
constexpr size_t kLanes = 8;
#include "kernels/impl/vector-inl.h"
#include "kernels/impl/kernels-inl.h"
}  // namespace
SENVEC_TARGET_END

extern const Kernels kAvx2Kernels;
const Kernels kAvx2Kernels = SENVEC_KERNEL_TABLE(Isa::kAvx2);

}  // namespace senvec
#endif
