#include "encoder/layers/feed_forward.h"

#include <algorithm>
#include <utility>

namespace senvec {
namespace {

// The most rows for one thread at a time: what lies between the two products stays in the second-level cache.
constexpr int64_t kBlockRows = 56;

}  // namespace

FeedForward::FeedForward(PackedMatrix intermediate, PackedMatrix output, ActivationFunction activation)
    : intermediate_(std::move(intermediate)), output_(std::move(output)), activation_(activation) {}

void FeedForward::Intermediate(const LeftOperand& x, int64_t begin, int64_t end, LayerWorkspace& workspace) const {
  const int64_t rows = end - begin, width = intermediate_.out();
  const auto multiply = [&](const PackedMatrix::Output& y) {
    workspace.ForRanges(intermediate_.num_panels(), [&](size_t first, size_t last, size_t) {
      intermediate_.Multiply(x, begin, end, first, last, activation_, y);
    });
  };
  const Precision precision = output_.precision();
  if (precision == Precision::kBf16 && width % 2 == 0) {
    workspace.inner.Resize(output_.kernels(), precision, rows, width);
    // `stride` counts from row `begin` of x on, as the product does.
    multiply({.bf16 = workspace.inner.MutableBf16() - begin * width, .stride = width});
    return;
  }
  float* values = Grow(workspace.inner_values, rows * width);
  multiply({.fp32 = values - begin * width});
  workspace.Convert(output_.kernels(), precision, values, rows, width, workspace.inner);
}

void FeedForward::Forward(const LeftOperand& x, LayerWorkspace& workspace, float* out) const {
  if (workspace.observed != nullptr) workspace.observed->intermediate.Observe(x);
  const int64_t most = kBlockRows * workspace.team->slots();
  // Of nearly equal size: a small rest would read all weights for a few rows.
  const int64_t blocks = (x.rows() + most - 1) / most;
  for (int64_t i = 0; i < blocks; ++i) {
    const int64_t begin = x.rows() * i / blocks, end = x.rows() * (i + 1) / blocks;
    Intermediate(x, begin, end, workspace);
    workspace.Multiply(output_, workspace.inner, nullptr, {.fp32 = out + begin * output_.out()});
  }
}

}  // namespace senvec
