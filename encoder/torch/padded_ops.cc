#include <cmath>
#include <limits>

#include <ATen/ATen.h>
#include <torch/version.h>

#include "encoder/torch/block_ops.h"

namespace senvec {
namespace padded {
namespace {

// x: [sequences, heads, longest, head_size]; the turns as tables of x's type.
at::Tensor Rotate(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
  const at::Tensor swapped = x.unflatten(-1, at::IntArrayRef({x.size(-1) / 2, 2})).flip({-1}).flatten(-2);
  return x * cos + swapped * sin;
}

// `seen`: bool [sequences, 1, 1, longest]. With libtorch 2 one kernel that never stores the weights.
at::Tensor Attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& seen) {
#if TORCH_VERSION_MAJOR >= 2
  return at::scaled_dot_product_attention(q, k, v, seen);
#else
  const at::Tensor scores = at::matmul(q, k.transpose(-1, -2)) / std::sqrt(static_cast<double>(q.size(-1)));
  return at::matmul(at::softmax(scores.masked_fill(seen.logical_not(), -std::numeric_limits<double>::infinity()), -1), v);
#endif
}

}  // namespace

at::Tensor Attention(const at::Tensor& qkv, const at::Tensor& bias, const AttentionShape& shape, const TokenBatch& batch) {
  const PaddedLayout& layout = *batch.layout;
  const int64_t n = batch.num_sequences(), longest = batch.longest;
  const at::Tensor rows = (qkv + bias.to(qkv.scalar_type())).index_select(0, layout.to_padded);
  // [3, n, heads, longest, head_size]
  const at::Tensor split = rows.view({n, longest, 3, shape.heads, shape.head_size}).permute({2, 0, 3, 1, 4});
  at::Tensor q = split.select(0, 0), k = split.select(0, 1), v = split.select(0, 2);
  if (shape.cos.defined()) {
    const at::Tensor cos = shape.cos.narrow(0, 0, longest).to(q.device(), q.scalar_type());
    const at::Tensor sin = shape.sin.narrow(0, 0, longest).to(q.device(), q.scalar_type());
    q = Rotate(q, cos, sin);
    k = Rotate(k, cos, sin);
    if (shape.rotate_value) v = Rotate(v, cos, sin);
  }
  const at::Tensor mixed = Attend(q, k, v, layout.is_token.view({n, 1, 1, longest}));
  return mixed.transpose(1, 2).reshape({n * longest, shape.heads * shape.head_size}).index_select(0, layout.to_packed);
}

at::Tensor SequenceMean(const at::Tensor& rows, const TokenBatch& batch) {
  const PaddedLayout& layout = *batch.layout;
  const at::Tensor spread = rows.index_select(0, layout.to_padded).view({batch.num_sequences(), batch.longest, rows.size(1)});
  // Places without a row repeat row 0 of the batch.
  return spread.masked_fill(layout.is_token.logical_not().unsqueeze(-1), 0).sum(1) / layout.lengths.to(rows.scalar_type());
}

}  // namespace padded
}  // namespace senvec
