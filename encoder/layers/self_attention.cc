#include "encoder/layers/self_attention.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace senvec {

SelfAttention::SelfAttention(Parameters parameters, const Kernels* kernels)
    : parameters_(std::move(parameters)),
      kernels_(kernels),
      hidden_(static_cast<int32_t>(parameters_.output.in())),
      head_size_(hidden_ / parameters_.num_heads),
      in_bf16_(parameters_.output.precision() != Precision::kFp32 && kernels->attention_head_bf16 != nullptr &&
               head_size_ % 2 == 0) {}

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

template <typename T>
void SelfAttention::Attend(const Projected<T>& projected, absl::Span<const int32_t> offsets, LayerWorkspace& workspace,
                           void (*head)(const AttentionCallOf<T>&)) const {
  int32_t longest = 0;
  for (size_t s = 0; s + 1 < offsets.size(); ++s) longest = std::max(longest, offsets[s + 1] - offsets[s]);
  const size_t slots = static_cast<size_t>(workspace.team->slots());
  if (workspace.scratch.size() < slots) workspace.scratch.resize(slots);
  for (size_t slot = 0; slot < slots; ++slot) Grow(workspace.scratch[slot], AttentionScratchSize(longest, head_size_));
  const size_t heads = static_cast<size_t>(parameters_.num_heads);
  const int64_t width = 3 * int64_t{hidden_};
  workspace.ForRanges((offsets.size() - 1) * heads, [&](size_t begin, size_t end, size_t slot) {
    for (size_t i = begin; i < end; ++i) {
      const size_t sentence = i / heads;
      const int64_t at = static_cast<int64_t>(i % heads) * head_size_;
      const int64_t row = offsets[sentence], length = offsets[sentence + 1] - row;
      const int64_t query = projected.first_only ? static_cast<int64_t>(sentence) : row;
      const T* keys = projected.rows + row * width + hidden_ + at;
      head({.q = projected.queries + query * width + at,
            .q_stride = static_cast<size_t>(width),
            .num_queries = projected.first_only ? 1 : static_cast<size_t>(length),
            .k = keys,
            .v = keys + hidden_,
            .kv_stride = static_cast<size_t>(width),
            .n = static_cast<size_t>(length),
            .head_size = static_cast<size_t>(head_size_),
            .scale = 1.0f / std::sqrt(static_cast<float>(head_size_)),
            .scratch = workspace.scratch[slot].data(),
            .out = workspace.context.data() + query * hidden_ + at,
            .out_stride = static_cast<size_t>(hidden_)});
    }
  });
}

void SelfAttention::Project(int64_t rows, LayerWorkspace& workspace, float* out) const {
  const PackedMatrix& matrix = parameters_.output;
  workspace.Convert(*kernels_, matrix.precision(), workspace.context.data(), rows, hidden_, workspace.attended,
                    matrix.input_factors());
  if (workspace.observed != nullptr) workspace.observed->attention_output.Observe(workspace.attended);
  workspace.Multiply(matrix, workspace.attended, nullptr, {.fp32 = out});
}

void SelfAttention::ProjectInto(const LeftOperand& x, int64_t first_panel, int64_t end_panel, LayerWorkspace& workspace,
                                const PackedMatrix::Output& y) const {
  workspace.ForRanges(end_panel - first_panel, [&](size_t begin, size_t end, size_t) {
    parameters_.query_key_value.Multiply(x, 0, x.rows(), first_panel + begin, first_panel + end, nullptr, y);
  });
}

SelfAttention::Projected<float> SelfAttention::InFp32(const LeftOperand& x, const LeftOperand* first,
                                                      absl::Span<const int32_t> offsets, LayerWorkspace& workspace) const {
  const int64_t width = 3 * int64_t{hidden_}, panels = parameters_.query_key_value.num_panels();
  float* rows = Grow(workspace.projected, x.rows() * width);
  const int rotated = parameters_.rotary == nullptr ? 0 : parameters_.rotate_value ? 3 : 2;
  if (first == nullptr) {
    ProjectInto(x, 0, panels, workspace, {.fp32 = rows});
    if (rotated > 0) Rotate(offsets, 0, rotated, workspace, rows);
    return {.rows = rows, .queries = rows, .first_only = false};
  }
  // Whole panels: where q ends inside one, that panel is computed for both.
  const int64_t panel = static_cast<int64_t>(kernels_->gemm_of(parameters_.query_key_value.precision()).format.panel);
  float* queries = Grow(workspace.first_projected, first->rows() * width);
  ProjectInto(x, hidden_ / panel, panels, workspace, {.fp32 = rows});
  ProjectInto(*first, 0, (hidden_ + panel - 1) / panel, workspace, {.fp32 = queries});
  // A first token's position is 0, where rotary positions turn nothing: its query stays.
  if (rotated > 0) Rotate(offsets, 1, rotated, workspace, rows);
  return {.rows = rows, .queries = queries, .first_only = true};
}

SelfAttention::Projected<uint16_t> SelfAttention::InBf16(const LeftOperand& x, const LeftOperand* first,
                                                         absl::Span<const int32_t> offsets,
                                                         LayerWorkspace& workspace) const {
  const int64_t width = 3 * int64_t{hidden_}, panels = parameters_.query_key_value.num_panels();
  uint16_t* rows = Grow(workspace.half_projected, x.rows() * width);
  uint16_t* queries = first != nullptr ? Grow(workspace.half_first_projected, first->rows() * width) : rows;
  if (parameters_.rotary != nullptr) {
    const Projected<float> turned = InFp32(x, first, offsets, workspace);
    const auto round = [&](const float* from, int64_t count, uint16_t* to) {
      workspace.ForRanges(count, [&](size_t begin, size_t end, size_t) {
        kernels_->to_bf16(from + begin * width, (end - begin) * width, to + begin * width);
      });
    };
    round(turned.rows, x.rows(), rows);
    if (first != nullptr) round(turned.queries, first->rows(), queries);
  } else if (first == nullptr) {
    ProjectInto(x, 0, panels, workspace, {.bf16 = rows});
  } else {
    const int64_t panel = static_cast<int64_t>(kernels_->gemm_of(parameters_.query_key_value.precision()).format.panel);
    ProjectInto(x, hidden_ / panel, panels, workspace, {.bf16 = rows});
    ProjectInto(*first, 0, (hidden_ + panel - 1) / panel, workspace, {.bf16 = queries});
  }
  return {.rows = rows, .queries = queries, .first_only = first != nullptr};
}

void SelfAttention::Run(const LeftOperand& x, const LeftOperand* first, absl::Span<const int32_t> offsets,
                        LayerWorkspace& workspace, float* out) const {
  const int64_t results = first != nullptr ? first->rows() : x.rows();
  Grow(workspace.context, results * hidden_);
  if (workspace.observed != nullptr) workspace.observed->query_key_value.Observe(x);
  if (in_bf16_) {
    Attend(InBf16(x, first, offsets, workspace), offsets, workspace, kernels_->attention_head_bf16);
  } else {
    Attend(InFp32(x, first, offsets, workspace), offsets, workspace, kernels_->attention_head);
  }
  Project(results, workspace, out);
}

void SelfAttention::Forward(const LeftOperand& x, absl::Span<const int32_t> offsets, LayerWorkspace& workspace,
                            float* out) const {
  Run(x, nullptr, offsets, workspace, out);
}

void SelfAttention::ForwardFirst(const LeftOperand& x, const LeftOperand& first, absl::Span<const int32_t> offsets,
                                 LayerWorkspace& workspace, float* out) const {
  Run(x, &first, offsets, workspace, out);
}

}  // namespace senvec
