#define SENVEC_LANES 16
#include "encoder/torch/fused_loops_impl.h"

namespace senvec {

const FusedLoops& Avx512FusedLoops() { return kLoops; }

}  // namespace senvec
