#pragma once

#include <vector>

#include "absl/types/span.h"
#include "encoder/layers/feed_forward.h"
#include "encoder/layers/layer_workspace.h"
#include "encoder/layers/self_attention.h"
#include "kernels/kernels.h"

namespace senvec {

struct NormParameters {
  std::vector<float> weight;  // hidden
  std::vector<float> bias;    // hidden
  float epsilon;
};

// One block with the norms after the residuals (as BERT has them):
// x ← Norm(x + Attention(x)), then x ← Norm(x + FeedForward(x)). Immutable, safe for concurrent use.
class TransformerLayer {
 public:
  TransformerLayer(SelfAttention attention, NormParameters attention_norm, FeedForward feed_forward,
                   NormParameters output_norm, const Kernels* kernels);

  // x: rows × hidden, in place; see SelfAttention::Forward() for offsets and padding.
  void Forward(absl::Span<const int32_t> offsets, LayerWorkspace& workspace, float* x) const;

 private:
  void AddAndNormalize(const NormParameters& norm, const float* branch, int64_t rows, float* x) const;

  SelfAttention attention_;
  NormParameters attention_norm_;
  FeedForward feed_forward_;
  NormParameters output_norm_;
  const Kernels* kernels_;
};

}  // namespace senvec
