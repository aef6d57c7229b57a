#include "encoder/torch/fused_loops.h"

namespace senvec {

const FusedLoops& BestFusedLoops() {
  static const FusedLoops& best = []() -> const FusedLoops& {
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
      return Avx512FusedLoops();
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return Avx2FusedLoops();
    return BaselineFusedLoops();
  }();
  return best;
}

}  // namespace senvec
