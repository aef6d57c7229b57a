#include "encoder/layers/self_attention.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace senvec {

SelfAttention::SelfAttention(Parameters parameters, const Kernels* kernels)
    : parameters_(std::move(parameters)),
      kernels_(kernels),
      hidden_(static_cast<int32_t>(parameters_.output.in())),
      head_size_(hidden_ / parameters_.num_heads) {}

void SelfAttention::Rotate(absl::Span<const int32_t> offsets, float* projected) const {
  const int32_t parts = parameters_.rotate_value ? 3 : 2;
  for (size_t s = 0; s + 1 < offsets.size(); ++s) {
    for (int32_t row = offsets[s]; row < offsets[s + 1]; ++row) {
      const float* cos = parameters_.rotary->cos(row - offsets[s]);
      const float* sin = parameters_.rotary->sin(row - offsets[s]);
      float* heads = projected + int64_t{row} * 3 * hidden_;
      for (int32_t head = 0; head < parts * parameters_.num_heads; ++head) {
        kernels_->rotate_pairs(heads + head * head_size_, cos, sin, head_size_);
      }
    }
  }
}

void SelfAttention::Forward(const float* x, absl::Span<const int32_t> offsets, LayerWorkspace& workspace,
                            float* out) const {
  const int64_t rows = offsets.back();
  const int64_t padded_rows = PackedMatrix::PaddedRows(rows);
  float* projected = Grow(workspace.projected, padded_rows * 3 * hidden_);
  float* attended = Grow(workspace.attended, padded_rows * hidden_);
  parameters_.query_key_value.Multiply(x, rows, workspace.gemm, projected);
  if (parameters_.rotary != nullptr) Rotate(offsets, projected);
  const float scale = 1.0f / std::sqrt(static_cast<float>(head_size_));
  for (size_t s = 0; s + 1 < offsets.size(); ++s) {
    const int64_t begin = offsets[s], length = offsets[s + 1] - begin;
    float* scratch = Grow(workspace.scratch, AttentionScratchSize(length, head_size_));
    for (int32_t head = 0; head < parameters_.num_heads; ++head) {
      const size_t q = head * head_size_;
      kernels_->attention_head(projected + begin * 3 * hidden_, 3 * hidden_, q, hidden_ + q, 2 * hidden_ + q,
                               length, head_size_, scale, scratch, attended + begin * hidden_ + q, hidden_);
    }
  }
  parameters_.output.Multiply(attended, rows, workspace.gemm, out);
}

}  // namespace senvec
