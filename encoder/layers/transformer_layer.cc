#include "encoder/layers/transformer_layer.h"

#include <utility>

namespace senvec {

TransformerLayer::TransformerLayer(SelfAttention attention, NormParameters attention_norm,
                                   FeedForward feed_forward, NormParameters output_norm, const Kernels* kernels)
    : attention_(std::move(attention)),
      attention_norm_(std::move(attention_norm)),
      feed_forward_(std::move(feed_forward)),
      output_norm_(std::move(output_norm)),
      kernels_(kernels) {}

void TransformerLayer::AddAndNormalize(const NormParameters& norm, const float* branch, int64_t rows,
                                       float* x) const {
  const int64_t hidden = static_cast<int64_t>(norm.weight.size());
  for (int64_t row = 0; row < rows; ++row) {
    float* values = x + row * hidden;
    kernels_->layer_norm(values, branch + row * hidden, norm.weight.data(), norm.bias.data(), norm.epsilon,
                         hidden, values);
  }
}

void TransformerLayer::Forward(absl::Span<const int32_t> offsets, LayerWorkspace& workspace, float* x) const {
  const int64_t rows = offsets.back();
  float* branch = Grow(workspace.branch, PackedMatrix::PaddedRows(rows) * attention_norm_.weight.size());
  attention_.Forward(x, offsets, workspace, branch);
  AddAndNormalize(attention_norm_, branch, rows, x);
  feed_forward_.Forward(x, rows, workspace, branch);
  AddAndNormalize(output_norm_, branch, rows, x);
}

}  // namespace senvec
