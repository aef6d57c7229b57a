#if defined(__x86_64__)
#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/distance.h"
#include "kernels/impl/target.h"

namespace senvec {
SENVEC_TARGET_BEGIN("avx2,fma,f16c")
namespace {
constexpr size_t kLanes = 8;
#include "kernels/impl/vector-inl.h"

SENVEC_INLINE V FromHalf(const uint16_t* x) {
  return reinterpret_cast<V>(_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x))));
}
SENVEC_INLINE void ToHalf(V values, uint16_t* out) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out),
                   _mm256_cvtps_ph(reinterpret_cast<__m256>(values), _MM_FROUND_TO_NEAREST_INT));
}

// In 16 bits: vpmaddubsw would saturate.
constexpr size_t kCodeLanes = 16;
constexpr size_t kCodeQueries = 2;
using CodeSum = VI;
using CodeVector = __m256i;

SENVEC_INLINE CodeVector LoadRowCodes(const char* codes) {
  return _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(codes)));
}
SENVEC_INLINE CodeVector LoadQueryCodes(const int8_t* codes) {
  return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(codes)));
}
SENVEC_INLINE CodeSum CodeStep(CodeSum sum, CodeVector row, CodeVector query) {
  return sum + reinterpret_cast<VI>(_mm256_madd_epi16(row, query));
}
template <size_t kCount>
SENVEC_INLINE void StoreSums(const CodeSum* sums, int32_t* out) {
  for (size_t r = 0; r < kCount; ++r) {
    const __m256i v = reinterpret_cast<__m256i>(sums[r]);
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0xb1));
    out[r] = _mm_cvtsi128_si32(half);
  }
}

#include "kernels/impl/distance-inl.h"
}  // namespace
SENVEC_TARGET_END

extern const DistanceKernels kAvx2Distance;
const DistanceKernels kAvx2Distance = SENVEC_DISTANCE_TABLE(Isa::kAvx2);

}  // namespace senvec
#endif
