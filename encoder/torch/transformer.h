#pragma once

#include <cstdint>
#include <string>

#include <ATen/core/Tensor.h>

#include "absl/status/status.h"
#include "encoder/torch/block_ops.h"
#include "encoder/torch/forward_settings.h"
#include "encoder/torch/parameter_set.h"
#include "encoder/torch/token_batch.h"
#include "encoder/weights/model_config.h"
#include "encoder/weights/model_weights.h"

namespace senvec {

// A row for each token.
struct HiddenRows {
  at::Tensor last;   // [tokens, hidden], of the type that was computed in
  at::Tensor first;  // the first block's output, where ForwardSettings asks for it
};

// BERT or RoFormer on a ParameterSet: what encoder/arch computes, with gradients. Its parameters have the
// checkpoint's names, but query, key and value are one matrix "….self.qkv" of three times the rows, so that one
// product gives all three.
class TorchTransformer {
 public:
  // Adds the parameters, drawn at random: normal with `deviation`, biases 0, norms 1. With `deepnorm`
  // (METHODS 10, AdamW) value, output and feed-forward matrices are multiplied by (2 · layers)^(−1/2).
  struct Initial {
    uint64_t seed = 1;
    double deviation = 0.02;
    bool deepnorm = false;
    bool pooler = false;
  };
  static TorchTransformer Create(const ModelConfig& config, const Initial& initial, ParameterSet* parameters);
  // The same from a checkpoint.
  static absl::StatusOr<TorchTransformer> Load(const ModelConfig& config, const ModelWeights& weights,
                                               ParameterSet* parameters);

  HiddenRows Forward(const TokenBatch& batch, const ForwardSettings& settings) const;
  // The checkpoint's pooler on rows × hidden: dense and activation. has_pooler() must hold.
  at::Tensor Pool(const at::Tensor& rows) const;
  bool has_pooler() const;
  const ModelConfig& config() const { return config_; }

 private:
  TorchTransformer(const ModelConfig& config, ParameterSet* parameters);
  at::Tensor Embed(const TokenBatch& batch, const ForwardSettings& settings) const;
  at::Tensor Block(int index, const at::Tensor& rows, const TokenBatch& batch,
                   const ForwardSettings& settings) const;
  NormArguments Norm(const std::string& name) const;

  ModelConfig config_;
  ParameterSet* parameters_;
  RotaryTables rotary_;  // undefined for BERT
};

// rows · weightᵀ, computed in the rows' type; no bias.
at::Tensor Multiply(const at::Tensor& rows, const at::Tensor& weight);

}  // namespace senvec
