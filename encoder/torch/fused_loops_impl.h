// Included once by each fused_loops_*.cc, compiled for its instruction set; SENVEC_LANES is the number of
// floats in a vector there. The parts are included inside the namespace: all of it is this file's own. Uses nothing
// inline of the standard library, which the linker would share between instruction sets.
#include <cstdint>
#include <cstring>

#include "encoder/torch/dropout_hash.h"
#include "encoder/torch/fused_loops.h"

namespace senvec {
namespace {

#include "encoder/torch/fused_math-inl.h"
#include "encoder/torch/fused_activation-inl.h"
#include "encoder/torch/fused_norm-inl.h"
#include "encoder/torch/fused_attention-inl.h"
#include "encoder/torch/fused_sums-inl.h"
#include "encoder/torch/fused_adamw-inl.h"

constexpr FusedLoops kLoops = {.activate = ActivateAny,
                               .activate_back = ActivateBackAny,
                               .norm = NormAny,
                               .norm_back = NormBackAny,
                               .attention_scratch = AttentionScratch,
                               .attention = AttentionAny,
                               .attention_back = AttentionBackAny,
                               .column_sums = ColumnSumsAny,
                               .mean = MeanAny,
                               .mean_back = MeanBackAny,
                               .adamw = AdamWStep,
                               .square_sum = SquareSum};

}  // namespace
}  // namespace senvec
