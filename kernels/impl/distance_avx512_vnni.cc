#if defined(__x86_64__)
#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/distance.h"
#include "kernels/impl/target.h"

namespace senvec {
SENVEC_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,fma")
namespace {
#define SENVEC_HAS_AVX512
constexpr size_t kLanes = 16;
#include "kernels/impl/vector-inl.h"
#include "kernels/impl/wide_distance-inl.h"

constexpr size_t kCodeLanes = 64;
using CodeVector = __m512i;

SENVEC_INLINE CodeVector LoadRowCodes(const char* codes) { return _mm512_loadu_si512(codes); }
SENVEC_INLINE CodeVector LoadQueryCodes(const int8_t* codes) { return _mm512_loadu_si512(codes); }
SENVEC_INLINE CodeSum CodeStep(CodeSum sum, CodeVector row, CodeVector query) {
  return reinterpret_cast<VI>(_mm512_dpbusd_epi32(reinterpret_cast<__m512i>(sum), row, query));
}

#include "kernels/impl/distance-inl.h"
}  // namespace
SENVEC_TARGET_END

extern const DistanceKernels kAvx512VnniDistance;
const DistanceKernels kAvx512VnniDistance = SENVEC_DISTANCE_TABLE(Isa::kAvx512Vnni);

}  // namespace senvec
#endif
