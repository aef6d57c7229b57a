#if defined(__x86_64__)
#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "kernels/impl/target.h"
#include "kernels/kernels.h"

namespace senvec {
SENVEC_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,fma")
namespace {
#define SENVEC_HAS_AVX512
constexpr size_t kLanes = 16;
constexpr size_t kTileRows = 14;  // as for AVX-512
#include "kernels/impl/vector-inl.h"
#include "kernels/impl/plain_steps-inl.h"
#include "kernels/impl/vnni_int8-inl.h"
#include "kernels/impl/loops-inl.h"
}  // namespace
SENVEC_TARGET_END

extern const Kernels kAvx512VnniKernels;
const Kernels kAvx512VnniKernels = SENVEC_KERNEL_TABLE(Isa::kAvx512Vnni);

}  // namespace senvec
#endif
