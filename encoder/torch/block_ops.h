#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "encoder/torch/dropout.h"
#include "encoder/torch/token_batch.h"
#include "encoder/weights/model_config.h"

namespace senvec {

// What a transformer's blocks are made of, on rows without padding, with autograd. Each has two
// implementations that drop the same values: fused loops for rows of fp32 or bf16 on the CPU, and one made of
// ATen's operations for everything else (fp64, a GPU), which tests hold the first against. Biases and norms stay in
// fp32; rows are T × width and of the blocks' type.

// act(x + bias).
at::Tensor BiasActivation(const at::Tensor& x, const at::Tensor& bias, Activation activation);

struct NormArguments {
  at::Tensor weight, bias;  // [width]
  double epsilon = 1e-12;
};

// norm(residual + dropout(x + bias)).
at::Tensor ResidualNorm(const at::Tensor& x, const at::Tensor& bias, const at::Tensor& residual,
                        const NormArguments& norm, const Drop& drop);

struct AttentionShape {
  int64_t heads = 1;
  int64_t head_size = 1;
  // [positions, head_size] each, see RotaryTables(); undefined without rotary positions.
  at::Tensor cos, sin;
  bool rotate_value = false;
};

// RoFormer's turns of the pairs (2i, 2i + 1) (METHODS 3.1): out = x·cos + swapped(x)·sin.
struct RotaryTables {
  at::Tensor cos, sin;  // [positions, head_size]; sin is negative at even columns
  static RotaryTables Make(int64_t positions, int64_t head_size, at::ScalarType type);
};

// softmax(q·kᵀ / √head_size)·v by sentence and head. qkv: T × 3·width, [q | k | v] without their bias
// [3·width]; the result is T × width. Rotary position is the place in the sequence.
at::Tensor PackedAttention(const at::Tensor& qkv, const at::Tensor& bias, const AttentionShape& shape,
                           const TokenBatch& batch, const Drop& drop);

// The same by ATen's operations.
namespace reference {
at::Tensor BiasActivation(const at::Tensor& x, const at::Tensor& bias, Activation activation);
at::Tensor ResidualNorm(const at::Tensor& x, const at::Tensor& bias, const at::Tensor& residual,
                        const NormArguments& norm, const Drop& drop);
at::Tensor PackedAttention(const at::Tensor& qkv, const at::Tensor& bias, const AttentionShape& shape,
                           const TokenBatch& batch, const Drop& drop);
}  // namespace reference

// What PackedAttention() and SequenceMean() do for a batch with a layout: no dropout, in the rows' type.
namespace padded {
at::Tensor Attention(const at::Tensor& qkv, const at::Tensor& bias, const AttentionShape& shape, const TokenBatch& batch);
at::Tensor SequenceMean(const at::Tensor& rows, const TokenBatch& batch);
}  // namespace padded

// The mean of each sequence's rows: sequences × width, of the rows' type.
at::Tensor SequenceMean(const at::Tensor& rows, const TokenBatch& batch);

}  // namespace senvec
