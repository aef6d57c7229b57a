#pragma once

#include <cstdint>
#include <memory>

#include "absl/types/span.h"
#include "encoder/layers/layer_workspace.h"
#include "encoder/layers/rotary_table.h"
#include "kernels/gemm.h"
#include "kernels/kernels.h"

namespace senvec {

// Multi-head self-attention of several sentences packed row after row, each attending to itself only.
// Immutable, safe for concurrent use with one workspace a thread.
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
  // residual. Buffers hold PackedMatrix::PaddedRows(rows) rows. A sentence is no longer than the rotary table.
  void Forward(const float* x, absl::Span<const int32_t> offsets, LayerWorkspace& workspace, float* out) const;

 private:
  void Rotate(absl::Span<const int32_t> offsets, float* projected) const;

  Parameters parameters_;
  const Kernels* kernels_;
  int32_t hidden_;
  int32_t head_size_;
};

}  // namespace senvec
