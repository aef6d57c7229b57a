#if defined(__x86_64__)
#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/distance.h"
#include "kernels/impl/target.h"

namespace senvec {
SENVEC_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,fma")
namespace {
#define SENVEC_HAS_AVX512
constexpr size_t kLanes = 16;
#include "kernels/impl/vector-inl.h"
#include "kernels/impl/wide_distance-inl.h"

constexpr size_t kCodeLanes = 32;
using CodeVector = __m512i;

SENVEC_INLINE CodeVector LoadRowCodes(const char* codes) {
  return _mm512_cvtepu8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes)));
}
SENVEC_INLINE CodeVector LoadQueryCodes(const int8_t* codes) {
  return _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes)));
}
SENVEC_INLINE CodeSum CodeStep(CodeSum sum, CodeVector row, CodeVector query) {
  return sum + reinterpret_cast<VI>(_mm512_madd_epi16(row, query));
}

#include "kernels/impl/distance-inl.h"
}  // namespace
SENVEC_TARGET_END

extern const DistanceKernels kAvx512Distance;
const DistanceKernels kAvx512Distance = SENVEC_DISTANCE_TABLE(Isa::kAvx512);

}  // namespace senvec
#endif
