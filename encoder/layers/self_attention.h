#pragma once

#include <cstdint>

#include "absl/types/span.h"
#include "encoder/layers/layer_workspace.h"
#include "encoder/layers/rotary_table.h"
#include "kernels/gemm.h"
#include "kernels/kernels.h"

namespace senvec {

// Multi-head self-attention of several sentences packed row after row, each attending to itself only.
// Immutable, safe for concurrent use with one workspace a pass.
class SelfAttention {
 public:
  struct Parameters {
    PackedMatrix query_key_value;  // hidden → 3·hidden, in this order
    PackedMatrix output;           // hidden → hidden
    int32_t num_heads;
    // Null without rotary positions; the owner outlives this object.
    const RotaryTable* rotary;
    bool rotate_value;
  };
  SelfAttention(Parameters parameters, const Kernels* kernels);

  // x: rows × hidden; offsets: sentence s has rows [offsets[s], offsets[s+1]); out: rows × hidden, without the
  // residual. A sentence is no longer than the rotary table.
  void Forward(const LeftOperand& x, absl::Span<const int32_t> offsets, LayerWorkspace& workspace, float* out) const;

  // The same for the first token of each sentence only, to the same bits. first: those rows of x, one a sentence;
  // out: sentences × hidden.
  void ForwardFirst(const LeftOperand& x, const LeftOperand& first, absl::Span<const int32_t> offsets,
                    LayerWorkspace& workspace, float* out) const;

  const PackedMatrix& query_key_value() const { return parameters_.query_key_value; }

 private:
  // What attention works on, in fp32 or bfloat16: rows of q, k and v, each 3·hidden wide.
  template <typename T>
  struct Projected {
    const T* rows;
    const T* queries;  // `rows`, or those of first tokens only
    bool first_only;
  };
  // Turns parts [first_part, end_part) of q, k, v in rows of `projected`, whose positions count from 0 in each sentence.
  void Rotate(absl::Span<const int32_t> offsets, int first_part, int end_part, LayerWorkspace& workspace,
              float* projected) const;
  // Panels [first_panel, end_panel) of the projection of x, in fp32.
  void ProjectInto(const LeftOperand& x, int64_t first_panel, int64_t end_panel, LayerWorkspace& workspace,
                   const PackedMatrix::Output& y) const;
  // Both by way of fp32 where positions are rotary, as Forward() and ForwardFirst() do it.
  Projected<float> InFp32(const LeftOperand& x, const LeftOperand* first, absl::Span<const int32_t> offsets,
                          LayerWorkspace& workspace) const;
  Projected<uint16_t> InBf16(const LeftOperand& x, const LeftOperand* first, absl::Span<const int32_t> offsets,
                             LayerWorkspace& workspace) const;
  // From projections to what is added to the residual. first: as in ForwardFirst(), or null.
  void Run(const LeftOperand& x, const LeftOperand* first, absl::Span<const int32_t> offsets, LayerWorkspace& workspace,
           float* out) const;
  template <typename T>
  void Attend(const Projected<T>& projected, absl::Span<const int32_t> offsets, LayerWorkspace& workspace,
              void (*head)(const AttentionCallOf<T>&)) const;
  void Project(int64_t rows, LayerWorkspace& workspace, float* out) const;

  Parameters parameters_;
  const Kernels* kernels_;
  int32_t hidden_;
  int32_t head_size_;
  bool in_bf16_;  // attention itself; where products are in fp32 so is attention
};

}  // namespace senvec
