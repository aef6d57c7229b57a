#if defined(__x86_64__)
#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "kernels/impl/target.h"
#include "kernels/kernels.h"

namespace senvec {
SENVEC_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512bf16,fma")
namespace {
#define SENVEC_HAS_AVX512
#define SENVEC_HAS_BF16
constexpr size_t kLanes = 16;
constexpr size_t kTileRows = 14;  // as for AVX-512
#include "kernels/impl/vector-inl.h"
#include "kernels/impl/vnni_int8-inl.h"

SENVEC_INLINE V Bf16Step(V sum, VI a, VI b) {
  return reinterpret_cast<V>(_mm512_dpbf16_ps(reinterpret_cast<__m512>(sum), reinterpret_cast<__m512bh>(a),
                                              reinterpret_cast<__m512bh>(b)));
}
// The instruction takes subnormal inputs as zero.
SENVEC_INLINE VHalves ToBf16(V v) {
  return reinterpret_cast<VHalves>(_mm512_cvtneps_pbh(reinterpret_cast<__m512>(v)));
}

#include "kernels/impl/loops-inl.h"
}  // namespace
SENVEC_TARGET_END

extern const Kernels kAvx512Bf16Kernels;
const Kernels kAvx512Bf16Kernels = SENVEC_KERNEL_TABLE(Isa::kAvx512Bf16);

}  // namespace senvec
#endif
