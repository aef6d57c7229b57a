#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "kernels/gemm.h"

namespace senvec {

// Buffers of one thread for one forward pass after the other; they grow to the largest batch and stay.
struct LayerWorkspace {
  explicit LayerWorkspace(std::shared_ptr<GemmContext> context) : gemm(std::move(context)) {}

  GemmWorkspace gemm;
  std::vector<float> projected;  // rows × 3·hidden: q, k and v side by side
  std::vector<float> attended;   // rows × hidden
  std::vector<float> inner;      // rows × intermediate
  std::vector<float> branch;     // rows × hidden: what is added to the residual
  std::vector<float> scratch;    // one attention head's
};

// At least `size` floats; never shrinks.
inline float* Grow(std::vector<float>& buffer, size_t size) {
  if (buffer.size() < size) buffer.resize(size);
  return buffer.data();
}

}  // namespace senvec
