#pragma once

#include "encoder/layers/layer_workspace.h"
#include "kernels/gemm.h"

namespace senvec {

// The two dense layers after attention: out = act(x·W₁ᵀ + b₁)·W₂ᵀ + b₂. Immutable, safe for concurrent use.
class FeedForward {
 public:
  // `activation`: null = identity.
  FeedForward(PackedMatrix intermediate, PackedMatrix output, ActivationFunction activation);

  // x: rows × hidden, out: rows × hidden.
  void Forward(const LeftOperand& x, LayerWorkspace& workspace, float* out) const;

  const PackedMatrix& intermediate() const { return intermediate_; }

 private:
  // act(rows [begin, end) of x·W₁ᵀ + b₁) as the left side of the second product.
  void Intermediate(const LeftOperand& x, int64_t begin, int64_t end, LayerWorkspace& workspace) const;

  PackedMatrix intermediate_;
  PackedMatrix output_;
  ActivationFunction activation_;
};

}  // namespace senvec
