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
// x ← Norm(x + Attention(x)), then x ← Norm(x + FeedForward(x)). Residuals and norms are fp32 whatever the products
// are. Immutable, safe for concurrent use.
class TransformerLayer {
 public:
  TransformerLayer(SelfAttention attention, NormParameters attention_norm, FeedForward feed_forward,
                   NormParameters output_norm, Precision precision, const Kernels* kernels);

  // x: rows × hidden, in place; workspace.input holds the same rows as this block's left operand (see
  // input_factors()) and gets those of `next`; next is null for the last one. See SelfAttention::Forward() for offsets.
  void Forward(absl::Span<const int32_t> offsets, const TransformerLayer* next, LayerWorkspace& workspace,
               float* x) const;

  // What Forward() gives for the first token of each sentence, to the same bits: sentences × hidden into out.
  // workspace.input holds x.
  void ForwardFirst(absl::Span<const int32_t> offsets, LayerWorkspace& workspace, const float* x, float* out) const;

  // Of the product that takes the block's input.
  const float* input_factors() const { return attention_.query_key_value().input_factors(); }

 private:
  // x ← Norm(x + branch), and `operand` what x is as the left side of `to`; neither where `to` is null.
  void AddAndNormalize(const NormParameters& norm, const float* branch, int64_t rows, const PackedMatrix* to,
                       LayerWorkspace& workspace, LeftOperand& operand, float* x) const;

  SelfAttention attention_;
  NormParameters attention_norm_;
  FeedForward feed_forward_;
  NormParameters output_norm_;
  Precision precision_;
  const Kernels* kernels_;
};

}  // namespace senvec
