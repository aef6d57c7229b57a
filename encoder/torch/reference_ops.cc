#include <cmath>
#include <limits>

#include <ATen/ATen.h>

#include "base/check.h"
#include "encoder/torch/block_ops.h"
#include "encoder/torch/dropout.h"

namespace senvec {

RotaryTables RotaryTables::Make(int64_t positions, int64_t head_size, at::ScalarType type) {
  RotaryTables tables{at::empty({positions, head_size}, at::kDouble), at::empty({positions, head_size}, at::kDouble)};
  auto cos = tables.cos.accessor<double, 2>();
  auto sin = tables.sin.accessor<double, 2>();
  for (int64_t n = 0; n < positions; ++n) {
    for (int64_t i = 0; i < head_size; i += 2) {
      const double angle = static_cast<double>(n) / std::pow(10000.0, static_cast<double>(i) / head_size);
      cos[n][i] = cos[n][i + 1] = std::cos(angle);
      sin[n][i + 1] = std::sin(angle);
      sin[n][i] = -sin[n][i + 1];
    }
  }
  return {tables.cos.to(type), tables.sin.to(type)};
}

namespace reference {
namespace {

// The type sums are made in.
at::ScalarType SumType(const at::Tensor& x) { return x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat; }

at::Tensor Apply(const at::Tensor& x, Activation activation) {
  switch (activation) {
    case Activation::kGeluErf: return x * 0.5 * (1 + at::erf(x * M_SQRT1_2));
    case Activation::kGeluTanh: return x * 0.5 * (1 + at::tanh((x + 0.044715 * x * x * x) * std::sqrt(2 / M_PI)));
    case Activation::kRelu: return at::relu(x);
    case Activation::kSilu: return x * at::sigmoid(x);
    case Activation::kTanh: return at::tanh(x);
    case Activation::kIdentity: return x;
  }
  SENVEC_CHECK(false && "unknown Activation");
}

// x: […, L, head_size].
at::Tensor Rotate(const at::Tensor& x, const AttentionShape& shape) {
  const int64_t length = x.size(-2);
  const at::Tensor cos = shape.cos.narrow(0, 0, length).to(x.device(), x.scalar_type());
  const at::Tensor sin = shape.sin.narrow(0, 0, length).to(x.device(), x.scalar_type());
  const at::Tensor swapped = x.unflatten(-1, at::IntArrayRef({x.size(-1) / 2, 2})).flip({-1}).flatten(-2);
  return x * cos + swapped * sin;
}

// Where rows stand in an array of sequences × longest, and back.
struct Padding {
  at::Tensor to_padded;  // [sequences · longest] row; 0 at places without one
  at::Tensor to_packed;  // [tokens] place
  at::Tensor hidden;     // bool [sequences, 1, longest, longest]: what a query does not see

  explicit Padding(const TokenBatch& batch) {
    const int64_t n = batch.num_sequences(), longest = batch.longest;
    to_padded = at::zeros({n * longest}, at::kLong);
    to_packed = at::empty({batch.num_tokens()}, at::kLong);
    hidden = at::ones({n, 1, longest, longest}, at::kBool);
    int64_t* padded = to_padded.data_ptr<int64_t>();
    int64_t* packed = to_packed.data_ptr<int64_t>();
    bool* hide = hidden.data_ptr<bool>();
    for (int64_t s = 0; s < n; ++s) {
      const int64_t begin = batch.offsets[s], length = batch.offsets[s + 1] - begin;
      for (int64_t i = 0; i < longest; ++i) {
        bool* row = hide + (s * longest + i) * longest;
        if (i >= length) {
          row[0] = false;  // of no use, but a softmax over nothing would be NaN
          continue;
        }
        padded[s * longest + i] = begin + i;
        packed[begin + i] = s * longest + i;
        const int64_t seen = batch.visible.empty() ? length : batch.visible[begin + i];
        for (int64_t j = 0; j < seen; ++j) row[j] = false;
      }
    }
  }
};

// [sequences, heads, longest, longest], as the fused loops drop them.
at::Tensor AttentionDropout(const TokenBatch& batch, int64_t heads, Drop drop) {
  drop.first_row *= heads;
  const at::Tensor rows = DropoutMask(batch.num_tokens() * heads, batch.longest, drop)
                              .view({batch.num_tokens(), heads, batch.longest});
  return rows.index_select(0, Padding(batch).to_padded)
      .view({batch.num_sequences(), batch.longest, heads, batch.longest})
      .transpose(1, 2);
}

}  // namespace

at::Tensor BiasActivation(const at::Tensor& x, const at::Tensor& bias, Activation activation) {
  const at::ScalarType type = SumType(x);
  return Apply(x.to(type) + bias.to(type), activation).to(x.scalar_type());
}

at::Tensor ResidualNorm(const at::Tensor& x, const at::Tensor& bias, const at::Tensor& residual,
                        const NormArguments& norm, const Drop& drop) {
  const at::ScalarType type = SumType(x);
  const at::Tensor sum = residual.to(type) + Dropout(x.to(type) + bias.to(type), drop);
  return at::layer_norm(sum, {sum.size(1)}, norm.weight, norm.bias, norm.epsilon).to(x.scalar_type());
}

at::Tensor PackedAttention(const at::Tensor& qkv, const at::Tensor& bias, const AttentionShape& shape,
                           const TokenBatch& batch, const Drop& drop) {
  const at::ScalarType type = SumType(qkv);
  const int64_t n = batch.num_sequences(), longest = batch.longest, width = shape.heads * shape.head_size;
  const Padding padding(batch);
  const at::Device device = qkv.device();
  const at::Tensor rows = (qkv.to(type) + bias.to(type)).index_select(0, padding.to_padded.to(device));
  // [3, n, heads, longest, head_size]
  const at::Tensor split = rows.view({n, longest, 3, shape.heads, shape.head_size}).permute({2, 0, 3, 1, 4});
  at::Tensor q = split.select(0, 0), k = split.select(0, 1), v = split.select(0, 2);
  if (shape.cos.defined()) {
    q = Rotate(q, shape);
    k = Rotate(k, shape);
    if (shape.rotate_value) v = Rotate(v, shape);
  }
  at::Tensor scores = at::matmul(q, k.transpose(-1, -2)) / std::sqrt(static_cast<double>(shape.head_size));
  scores = scores.masked_fill(padding.hidden.to(device), -std::numeric_limits<double>::infinity());
  at::Tensor weights = at::softmax(scores, -1);
  if (drop.probability > 0) weights = weights * AttentionDropout(batch, shape.heads, drop).to(device, type);
  const at::Tensor mixed = at::matmul(weights, v).transpose(1, 2).reshape({n * longest, width});
  return mixed.index_select(0, padding.to_packed.to(device)).to(qkv.scalar_type());
}

}  // namespace reference
}  // namespace senvec
