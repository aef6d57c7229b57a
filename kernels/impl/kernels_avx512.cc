#if defined(__x86_64__)
#include <cstddef>

#include "kernels/impl/target.h"
#include "kernels/kernels.h"

namespace senvec {
SENVEC_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,fma")
namespace {
constexpr size_t kLanes = 16;
#include "kernels/impl/vector-inl.h"
#include "kernels/impl/kernels-inl.h"
}  // namespace
SENVEC_TARGET_END

extern const Kernels kAvx512Kernels;
const Kernels kAvx512Kernels = SENVEC_KERNEL_TABLE(Isa::kAvx512);

}  // namespace senvec
#endif
