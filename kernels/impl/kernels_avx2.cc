#if defined(__x86_64__)
#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "kernels/impl/target.h"
#include "kernels/kernels.h"

namespace senvec {
SENVEC_TARGET_BEGIN("avx2,fma")
namespace {
#define SENVEC_HAS_AVX2
constexpr size_t kLanes = 8;
constexpr size_t kTileRows = 6;  // 12 sums, two right vectors and a left one in 16 registers
#include "kernels/impl/vector-inl.h"
#include "kernels/impl/plain_steps-inl.h"

SENVEC_INLINE VI WidenBytes(const char* b) {
  return reinterpret_cast<VI>(_mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(b))));
}
SENVEC_INLINE VI MultiplyPairs(VI a, VI b) {
  return reinterpret_cast<VI>(_mm256_madd_epi16(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
}

#include "kernels/impl/pair_int8-inl.h"
#include "kernels/impl/loops-inl.h"
}  // namespace
SENVEC_TARGET_END

extern const Kernels kAvx2Kernels;
const Kernels kAvx2Kernels = SENVEC_KERNEL_TABLE(Isa::kAvx2);

}  // namespace senvec
#endif
