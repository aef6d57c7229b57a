#pragma once

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "base/team.h"
#include "encoder/layers/layer_statistics.h"
#include "kernels/aligned_buffer.h"
#include "kernels/gemm.h"

namespace senvec {

// At least `size` values; never shrinks.
template <typename T>
T* Grow(AlignedVector<T>& buffer, size_t size) {
  if (buffer.size() < size) buffer.resize(size);
  return buffer.data();
}

// Buffers of one forward pass after the other; they grow to the largest batch and stay, so that nothing is allocated
// once they have. One pass at a time.
struct LayerWorkspace {
  LeftOperand input;     // rows × hidden: the residual as the next product's left side
  LeftOperand attended;  // rows × hidden
  LeftOperand inner;     // rows × intermediate
  LeftOperand first;     // sentences × hidden: first rows only
  // q, k and v side by side: rows × 3·hidden, and sentences × 3·hidden, where only the first rows' queries count.
  AlignedVector<float> projected, first_projected;
  AlignedVector<uint16_t> half_projected, half_first_projected;  // the same in bfloat16
  AlignedVector<float> context;       // rows × hidden: what attention gives
  AlignedVector<float> inner_values;  // rows × intermediate, where the product cannot write `inner` itself
  AlignedVector<float> branch;        // rows × hidden: what is added to the residual
  std::vector<AlignedVector<float>> scratch;  // one attention head's, for each slot of the team

  // Who works; never null during a pass.
  Team* team = nullptr;
  // Where a pass in fp32 notes what its products' inputs were; null = nowhere.
  LayerStatistics* observed = nullptr;

  // body(begin, end, slot) for ranges that make up [0, n); one range when the team is one thread.
  void ForRanges(size_t n, absl::FunctionRef<void(size_t begin, size_t end, size_t slot)> body) {
    if (team->slots() == 1) {
      if (n > 0) body(0, n, 0);
      return;
    }
    // Twice as many shares as threads even out who is late, and more would cost more than they even out.
    const size_t shares = n < 2 * static_cast<size_t>(team->slots()) ? n : 2 * static_cast<size_t>(team->slots());
    team->For(shares, [&](size_t i, size_t slot) { body(n * i / shares, n * (i + 1) / shares, slot); });
  }
  void Multiply(const PackedMatrix& matrix, const LeftOperand& x, ActivationFunction activation,
                const PackedMatrix::Output& y, int64_t first_panel = 0) {
    ForRanges(matrix.num_panels() - first_panel, [&](size_t begin, size_t end, size_t) {
      matrix.Multiply(x, 0, x.rows(), first_panel + begin, first_panel + end, activation, y);
    });
  }
  // Rows of floats, `width` each, become a left operand. `factors`: PackedMatrix::input_factors() of the matrix to come.
  void Convert(const Kernels& kernels, Precision precision, const float* x, int64_t rows, int64_t width, LeftOperand& to,
               const float* factors = nullptr) {
    if (precision == Precision::kFp32) {
      to.View(x, rows, width, width);
      return;
    }
    to.Resize(kernels, precision, rows, width);
    ForRanges(rows, [&](size_t begin, size_t end, size_t) {
      for (size_t row = begin; row < end; ++row) to.SetRow(row, x + row * width, factors);
    });
  }
};

}  // namespace senvec
