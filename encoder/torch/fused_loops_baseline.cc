#define SENVEC_LANES 4
#include "encoder/torch/fused_loops_impl.h"

namespace senvec {

const FusedLoops& BaselineFusedLoops() { return kLoops; }

}  // namespace senvec
