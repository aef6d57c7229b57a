#include "encoder/layers/transformer_layer.h"

#include <algorithm>
#include <utility>

namespace senvec {

TransformerLayer::TransformerLayer(SelfAttention attention, NormParameters attention_norm,
                                   FeedForward feed_forward, NormParameters output_norm, Precision precision,
                                   const Kernels* kernels)
    : attention_(std::move(attention)),
      attention_norm_(std::move(attention_norm)),
      feed_forward_(std::move(feed_forward)),
      output_norm_(std::move(output_norm)),
      precision_(precision),
      kernels_(kernels) {}

void TransformerLayer::AddAndNormalize(const NormParameters& norm, const float* branch, int64_t rows,
                                       const PackedMatrix* to, LayerWorkspace& workspace, LeftOperand& operand,
                                       float* x) const {
  const int64_t hidden = static_cast<int64_t>(norm.weight.size());
  const bool convert = to != nullptr && precision_ != Precision::kFp32;
  const float* factors = to != nullptr ? to->input_factors() : nullptr;
  if (convert) operand.Resize(*kernels_, precision_, rows, hidden);
  workspace.ForRanges(rows, [&](size_t begin, size_t end, size_t) {
    for (size_t row = begin; row < end; ++row) {
      float* values = x + row * hidden;
      kernels_->layer_norm(values, branch + row * hidden, norm.weight.data(), norm.bias.data(), norm.epsilon, hidden,
                           values);
      if (convert) operand.SetRow(row, values, factors);
    }
  });
  if (to != nullptr && !convert) operand.View(x, rows, hidden, hidden);
}

void TransformerLayer::Forward(absl::Span<const int32_t> offsets, const TransformerLayer* next,
                               LayerWorkspace& workspace, float* x) const {
  const int64_t rows = offsets.back();
  float* branch = Grow(workspace.branch, rows * attention_norm_.weight.size());
  attention_.Forward(workspace.input, offsets, workspace, branch);
  AddAndNormalize(attention_norm_, branch, rows, &feed_forward_.intermediate(), workspace, workspace.input, x);
  feed_forward_.Forward(workspace.input, workspace, branch);
  AddAndNormalize(output_norm_, branch, rows, next != nullptr ? &next->attention_.query_key_value() : nullptr, workspace,
                  workspace.input, x);
}

void TransformerLayer::ForwardFirst(absl::Span<const int32_t> offsets, LayerWorkspace& workspace, const float* x,
                                    float* out) const {
  const int64_t sentences = static_cast<int64_t>(offsets.size()) - 1;
  const int64_t hidden = static_cast<int64_t>(attention_norm_.weight.size());
  float* branch = Grow(workspace.branch, sentences * hidden);
  for (int64_t s = 0; s < sentences; ++s) std::copy_n(x + offsets[s] * hidden, hidden, out + s * hidden);
  workspace.Convert(*kernels_, precision_, out, sentences, hidden, workspace.first, input_factors());
  attention_.ForwardFirst(workspace.input, workspace.first, offsets, workspace, branch);
  AddAndNormalize(attention_norm_, branch, sentences, &feed_forward_.intermediate(), workspace, workspace.first, out);
  feed_forward_.Forward(workspace.first, workspace, branch);
  AddAndNormalize(output_norm_, branch, sentences, nullptr, workspace, workspace.first, out);
}

}  // namespace senvec
