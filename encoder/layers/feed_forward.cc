#include "encoder/layers/feed_forward.h"

#include <utility>

namespace senvec {

FeedForward::FeedForward(PackedMatrix intermediate, PackedMatrix output, ActivationFunction activation)
    : intermediate_(std::move(intermediate)), output_(std::move(output)), activation_(activation) {}

void FeedForward::Forward(const float* x, int64_t rows, LayerWorkspace& workspace, float* out) const {
  float* inner = Grow(workspace.inner, PackedMatrix::PaddedRows(rows) * intermediate_.out());
  intermediate_.Multiply(x, rows, workspace.gemm, inner);
  if (activation_ != nullptr) activation_(inner, rows * intermediate_.out());
  output_.Multiply(inner, rows, workspace.gemm, out);
}

}  // namespace senvec
