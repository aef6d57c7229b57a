#if defined(__x86_64__)
#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "kernels/impl/target.h"
#include "kernels/kernels.h"

namespace senvec {
SENVEC_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,fma")
namespace {
#define SENVEC_HAS_AVX512
constexpr size_t kLanes = 16;
constexpr size_t kTileRows = 14;  // 28 sums, two right vectors and a left one in 32 registers
#include "kernels/impl/vector-inl.h"
#include "kernels/impl/plain_steps-inl.h"

SENVEC_INLINE VI WidenBytes(const char* b) {
  return reinterpret_cast<VI>(_mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(b))));
}
SENVEC_INLINE VI MultiplyPairs(VI a, VI b) {
  return reinterpret_cast<VI>(_mm512_madd_epi16(reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
}

#include "kernels/impl/pair_int8-inl.h"
#include "kernels/impl/loops-inl.h"
}  // namespace
SENVEC_TARGET_END

extern const Kernels kAvx512Kernels;
const Kernels kAvx512Kernels = SENVEC_KERNEL_TABLE(Isa::kAvx512);

}  // namespace senvec
#endif
