#pragma once

#include "encoder/layers/layer_workspace.h"
#include "kernels/gemm.h"

namespace senvec {

// In place; null = identity.
using ActivationFunction = void (*)(float* x, size_t n);

// The two dense layers after attention: out = act(x·W₁ᵀ + b₁)·W₂ᵀ + b₂. Immutable, safe for concurrent use.
class FeedForward {
 public:
  FeedForward(PackedMatrix intermediate, PackedMatrix output, ActivationFunction activation);

  // x: rows × hidden, out: rows × hidden; both hold PackedMatrix::PaddedRows(rows) rows.
  void Forward(const float* x, int64_t rows, LayerWorkspace& workspace, float* out) const;

 private:
  PackedMatrix intermediate_;
  PackedMatrix output_;
  ActivationFunction activation_;
};

}  // namespace senvec
