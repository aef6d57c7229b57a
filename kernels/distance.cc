#include "kernels/distance.h"

namespace senvec {

extern const DistanceKernels kBaselineDistance;
#if defined(__x86_64__)
extern const DistanceKernels kAvx2Distance;
extern const DistanceKernels kAvx512Distance;
extern const DistanceKernels kAvx512VnniDistance;
#endif

const DistanceKernels& DistanceKernelsFor(Isa isa) {
  switch (isa) {
#if defined(__x86_64__)
    case Isa::kAvx2:
      return kAvx2Distance;
    case Isa::kAvx512:
      return kAvx512Distance;
    case Isa::kAvx512Vnni:
    case Isa::kAvx512Bf16:  // which adds nothing to these
      return kAvx512VnniDistance;
#endif
    default:
      return kBaselineDistance;
  }
}

}  // namespace senvec
