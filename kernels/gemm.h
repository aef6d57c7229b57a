#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "base/team.h"
#include "kernels/aligned_buffer.h"
#include "kernels/kernels.h"
#include "kernels/page_arena.h"

namespace senvec {

// The left side of a product in the format that its precision wants. Grows to the largest it held and stays: a reused
// one allocates nothing. Not thread-safe, except that SetRow() of different rows may run at once after Resize().
class LeftOperand {
 public:
  // Room for `rows` rows of `width` values; what was there is gone.
  void Resize(const Kernels& kernels, Precision precision, int64_t rows, int64_t width);
  // `width` floats of one row. `factors`: those of the matrix to come, see PackedMatrix::input_factors().
  void SetRow(int64_t row, const float* x, const float* factors = nullptr);
  // In place of Resize() and SetRow() for fp32, which needs no conversion: rows of `width` floats, `stride` apart, that
  // outlive the use.
  void View(const float* x, int64_t rows, int64_t width, int64_t stride);
  // Where a product in bf16 may write this operand: rows × width, row_stride() apart. Width must be even.
  uint16_t* MutableBf16();

  int64_t rows() const { return rows_; }
  int64_t width() const { return width_; }
  int64_t row_stride() const { return stride_; }  // bytes
  const void* data() const { return data_; }
  const RowScale* scales() const { return scales_.data(); }

 private:
  const Kernels* kernels_ = nullptr;
  Precision precision_ = Precision::kFp32;
  int64_t rows_ = 0, width_ = 0, stride_ = 0;
  const void* data_ = nullptr;
  AlignedBuffer bytes_;
  std::vector<RowScale> scales_;
};

// y = act(x·Wᵀ + b) for a weight matrix that is rearranged once and used for as long as the model lives.
//
// A row's result has the same bits whatever rows are beside it, however many there are, and however columns are shared
// out between threads. Immutable after Pack(), safe for concurrent use.
class PackedMatrix {
 public:
  struct PackOptions {
    // in, or empty: what each input will have been divided by (input_factors()) before it was quantised; int8 only.
    absl::Span<const float> input_scales;
    // Where the matrix is to be, and which it keeps alive; null for memory of its own.
    std::shared_ptr<PageArena> arena;
    Team* team = nullptr;  // who packs; null for the calling thread
  };
  // weight: out × in, row-major. bias: out, or empty for none. `kernels` outlives the matrix.
  static PackedMatrix Pack(absl::Span<const float> weight, absl::Span<const float> bias, int64_t out, int64_t in,
                           Precision precision, const Kernels& kernels, const PackOptions& options);
  static PackedMatrix Pack(absl::Span<const float> weight, absl::Span<const float> bias, int64_t out, int64_t in,
                           Precision precision, const Kernels& kernels) {
    return Pack(weight, bias, out, in, precision, kernels, PackOptions());
  }

  // What a left operand's rows are to be multiplied by when they are set; null for nothing.
  const float* input_factors() const { return input_factors_.empty() ? nullptr : input_factors_.data(); }

  int64_t in() const { return in_; }
  int64_t out() const { return out_; }
  Precision precision() const { return precision_; }
  const Kernels& kernels() const { return *kernels_; }
  // Columns are computed in whole panels; a share of the work is a range of these.
  int64_t num_panels() const { return num_panels_; }

  struct Output {
    float* fp32 = nullptr;     // rows × out, or
    uint16_t* bf16 = nullptr;  // rows × out in bfloat16
    int64_t stride = 0;        // elements from row to row; 0 = out()
  };
  // Rows [first_row, end_row) of x times panels [first_panel, end_panel), on the calling thread. `activation`: null for
  // the identity.
  void Multiply(const LeftOperand& x, int64_t first_row, int64_t end_row, int64_t first_panel, int64_t end_panel,
                ActivationFunction activation, const Output& y) const;
  // All of it.
  void Multiply(const LeftOperand& x, ActivationFunction activation, const Output& y) const {
    Multiply(x, 0, x.rows(), 0, num_panels(), activation, y);
  }

 private:
  PackedMatrix() = default;
  // Panel `p` of `weight`.
  void PackPanelOf(const float* weight, absl::Span<const float> input_scales, int64_t p);

  const Kernels* kernels_ = nullptr;
  Precision precision_ = Precision::kFp32;
  int64_t in_ = 0, out_ = 0, num_panels_ = 0;
  std::shared_ptr<char> panels_;
  AlignedVector<float> bias_, scales_, sums_;  // whole panels
  std::vector<float> input_factors_;  // in, or none
};

}  // namespace senvec
