#define SENVEC_LANES 8
#include "encoder/torch/fused_loops_impl.h"

namespace senvec {

const FusedLoops& Avx2FusedLoops() { return kLoops; }

}  // namespace senvec
