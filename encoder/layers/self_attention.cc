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

void SelfAttention::Rotate(absl::Span<const int32_t> offsets, int first_part, int end_part, LayerWorkspace& workspace,
                           float* projected) const {
  const int32_t first = first_part * parameters_.num_heads, end = end_part * parameters_.num_heads;
  workspace.ForRanges(offsets.size() - 1, [&](size_t begin_sentence, size_t end_sentence, size_t) {
    for (size_t s = begin_sentence; s < end_sentence; ++s) {
      for (int32_t row = offsets[s]; row < offsets[s + 1]; ++row) {
        const float* cos = parameters_.rotary->cos(row - offsets[s]);
        const float* sin = parameters_.rotary->sin(row - offsets[s]);
        float* heads = projected + int64_t{row} * 3 * hidden_;
        for (int32_t head = first; head < end; ++head) {
          kernels_->rotate_pairs(heads + head * head_size_, cos, sin, head_size_);
        }
      }
    }
  });
}

void SelfAttention::AttendHead(const Queries& queries, absl::Span<const int32_t> offsets, size_t sentence,
                               size_t head, LayerWorkspace& workspace, size_t slot) const {
  const int64_t begin = offsets[sentence], length = offsets[sentence + 1] - begin;
  const int64_t first_query = queries.first_only ? static_cast<int64_t>(sentence) : begin;
  const int64_t width = 3 * int64_t{hidden_}, at = static_cast<int64_t>(head) * head_size_;
  const float* keys = workspace.projected.data() + begin * width + hidden_ + at;
  kernels_->attention_head({.q = queries.rows + first_query * width + at,
                            .q_stride = static_cast<size_t>(width),
                            .num_queries = queries.first_only ? 1 : static_cast<size_t>(length),
                            .k = keys,
                            .v = keys + hidden_,
                            .kv_stride = static_cast<size_t>(width),
                            .n = static_cast<size_t>(length),
                            .head_size = static_cast<size_t>(head_size_),
                            .scale = 1.0f / std::sqrt(static_cast<float>(head_size_)),
                            .scratch = workspace.scratch[slot].data(),
                            .out = workspace.context.data() + first_query * hidden_ + at,
                            .out_stride = static_cast<size_t>(hidden_)});
}

void SelfAttention::Attend(const Queries& queries, absl::Span<const int32_t> offsets,
                           LayerWorkspace& workspace) const {
  int32_t longest = 0;
  for (size_t s = 0; s + 1 < offsets.size(); ++s) longest = std::max(longest, offsets[s + 1] - offsets[s]);
  const size_t slots = static_cast<size_t>(workspace.team->slots());
  if (workspace.scratch.size() < slots) workspace.scratch.resize(slots);
  for (size_t slot = 0; slot < slots; ++slot) Grow(workspace.scratch[slot], AttentionScratchSize(longest, head_size_));
  const size_t heads = static_cast<size_t>(parameters_.num_heads);
  workspace.ForRanges((offsets.size() - 1) * heads, [&](size_t begin, size_t end, size_t slot) {
    for (size_t i = begin; i < end; ++i) AttendHead(queries, offsets, i / heads, i % heads, workspace, slot);
  });
}

void SelfAttention::Project(int64_t rows, LayerWorkspace& workspace, float* out) const {
  const PackedMatrix& matrix = parameters_.output;
  workspace.Convert(*kernels_, matrix.precision(), workspace.context.data(), rows, hidden_, workspace.attended,
                    matrix.input_factors());
  if (workspace.observed != nullptr) workspace.observed->attention_output.Observe(workspace.attended);
  workspace.Multiply(matrix, workspace.attended, nullptr, {.fp32 = out});
}

void SelfAttention::Forward(const LeftOperand& x, absl::Span<const int32_t> offsets, LayerWorkspace& workspace,
                            float* out) const {
  const int64_t rows = offsets.back();
  float* projected = Grow(workspace.projected, rows * 3 * hidden_);
  Grow(workspace.context, rows * hidden_);
  if (workspace.observed != nullptr) workspace.observed->query_key_value.Observe(x);
  workspace.Multiply(parameters_.query_key_value, x, nullptr, {.fp32 = projected});
  if (parameters_.rotary != nullptr) Rotate(offsets, 0, parameters_.rotate_value ? 3 : 2, workspace, projected);
  Attend({.rows = projected, .first_only = false}, offsets, workspace);
  Project(rows, workspace, out);
}

void SelfAttention::ForwardFirst(const LeftOperand& x, const LeftOperand& first, absl::Span<const int32_t> offsets,
                                 LayerWorkspace& workspace, float* out) const {
  const PackedMatrix& matrix = parameters_.query_key_value;
  const int64_t rows = offsets.back(), sentences = static_cast<int64_t>(offsets.size()) - 1;
  float* projected = Grow(workspace.projected, rows * 3 * hidden_);
  float* queries = Grow(workspace.first_projected, sentences * 3 * hidden_);
  Grow(workspace.context, sentences * hidden_);
  if (workspace.observed != nullptr) workspace.observed->query_key_value.Observe(x);
  // Whole panels: where q ends inside one, that panel is computed for both.
  const int64_t panel = static_cast<int64_t>(kernels_->gemm_of(matrix.precision()).format.panel);
  workspace.Multiply(matrix, x, nullptr, {.fp32 = projected}, hidden_ / panel);
  workspace.ForRanges((hidden_ + panel - 1) / panel, [&](size_t begin, size_t end, size_t) {
    matrix.Multiply(first, 0, sentences, begin, end, nullptr, {.fp32 = queries});
  });
  // A first token's position is 0, where rotary positions turn nothing: its query stays.
  if (parameters_.rotary != nullptr) Rotate(offsets, 1, parameters_.rotate_value ? 3 : 2, workspace, projected);
  Attend({.rows = queries, .first_only = true}, offsets, workspace);
  Project(sentences, workspace, out);
}

}  // namespace senvec
