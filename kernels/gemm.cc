#include "kernels/gemm.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/check.h"

namespace senvec {
namespace {

uint16_t RoundToBf16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

// Writes `columns` rows of `weight` (outputs) as one panel; `convert` turns a value of the given column into T.
template <typename T, typename Convert>
void PackPanel(const float* weight, int64_t columns, int64_t in, const GemmFormat& format, const Convert& convert,
               T* panel) {
  const size_t steps = format.steps(in), step_size = format.panel * format.group;
  if (columns < static_cast<int64_t>(format.panel) || in % static_cast<int64_t>(format.group) != 0) {
    std::fill_n(panel, steps * step_size, T{});
  }
  for (int64_t column = 0; column < columns; ++column) {
    const float* row = weight + column * in;
    T* to = panel + column * format.group;
    for (int64_t k = 0; k < in; k += static_cast<int64_t>(format.group), to += step_size) {
      const int64_t left = std::min<int64_t>(format.group, in - k);
      for (int64_t g = 0; g < left; ++g) to[g] = convert(row[k + g], column);
    }
  }
}

// Codes in [−127, 127]: symmetric, one scale an output.
float ColumnScale(const float* row, int64_t in) {
  float most = 0;
  for (int64_t k = 0; k < in; ++k) most = std::max(most, std::abs(row[k]));
  return most / 127;
}

// |value · inverse| ≤ 127: adding 1.5·2²³ rounds it to an integer in the low bits.
int8_t Quantize(float value, float inverse) {
  const float shifted = value * inverse + 12582912.0f;
  int32_t bits;
  std::memcpy(&bits, &shifted, sizeof(bits));
  return static_cast<int8_t>(bits - 0x4b400000);
}

std::shared_ptr<char> Allocate(size_t size, const std::shared_ptr<PageArena>& arena) {
  if (arena != nullptr) return std::shared_ptr<char>(arena, arena->Allocate(size));
  const auto own = std::make_shared<AlignedBuffer>();
  return std::shared_ptr<char>(own, own->Grow(size));
}

}  // namespace

void LeftOperand::Resize(const Kernels& kernels, Precision precision, int64_t rows, int64_t width) {
  const GemmFormat& format = kernels.gemm_of(precision).format;
  kernels_ = &kernels;
  precision_ = precision;
  rows_ = rows;
  width_ = width;
  stride_ = static_cast<int64_t>(format.row_bytes(width));
  data_ = bytes_.Grow(rows * stride_);
  if (precision == Precision::kInt8 && static_cast<int64_t>(scales_.size()) < rows) scales_.resize(rows);
}

void LeftOperand::SetRow(int64_t row, const float* x, const float* factors) {
  SENVEC_CHECK(factors == nullptr || precision_ == Precision::kInt8);
  char* to = bytes_.data() + row * stride_;
  switch (precision_) {
    case Precision::kFp32:
      std::memcpy(to, x, width_ * sizeof(float));
      return;
    case Precision::kBf16:
      kernels_->to_bf16(x, width_, reinterpret_cast<uint16_t*>(to));
      return;
    case Precision::kInt8:
      scales_[row] = kernels_->quantize(x, factors, width_, to);
      return;
  }
}

void LeftOperand::View(const float* x, int64_t rows, int64_t width, int64_t stride) {
  precision_ = Precision::kFp32;
  rows_ = rows;
  width_ = width;
  stride_ = stride * static_cast<int64_t>(sizeof(float));
  data_ = x;
}

uint16_t* LeftOperand::MutableBf16() {
  SENVEC_CHECK(precision_ == Precision::kBf16 && width_ % 2 == 0);
  return reinterpret_cast<uint16_t*>(bytes_.data());
}

void PackedMatrix::PackPanelOf(const float* weight, absl::Span<const float> input_scales, int64_t p) {
  const GemmFormat& format = kernels_->gemm_of(precision_).format;
  const int64_t first = p * static_cast<int64_t>(format.panel);
  const int64_t columns = std::min<int64_t>(format.panel, out_ - first);
  const float* rows = weight + first * in_;
  char* bytes = panels_.get() + p * format.panel_bytes(in_);
  if (precision_ == Precision::kFp32) {
    PackPanel(rows, columns, in_, format, [](float value, int64_t) { return value; }, reinterpret_cast<float*>(bytes));
    return;
  }
  if (precision_ == Precision::kBf16) {
    PackPanel(rows, columns, in_, format, [](float value, int64_t) { return RoundToBf16(value); },
              reinterpret_cast<uint16_t*>(bytes));
    return;
  }
  std::vector<float> scaled;
  if (!input_scales.empty()) {
    scaled.assign(rows, rows + columns * in_);
    for (int64_t column = 0; column < columns; ++column) {
      for (int64_t i = 0; i < in_; ++i) scaled[column * in_ + i] *= input_scales[i];
    }
    rows = scaled.data();
  }
  float *scales = scales_.data() + first, *sums = sums_.data() + first;
  std::vector<float> inverse(columns);
  for (int64_t column = 0; column < columns; ++column) {
    scales[column] = ColumnScale(rows + column * in_, in_);
    inverse[column] = scales[column] > 0 ? 1.0f / scales[column] : 0.0f;
  }
  const auto quantize = [&](float value, int64_t column) {
    const int8_t code = Quantize(value, inverse[column]);
    sums[column] += static_cast<float>(code);  // exact: far below 2²⁴
    return code;
  };
  PackPanel(rows, columns, in_, format, quantize, reinterpret_cast<int8_t*>(bytes));
}

PackedMatrix PackedMatrix::Pack(absl::Span<const float> weight, absl::Span<const float> bias, int64_t out,
                                int64_t in, Precision precision, const Kernels& kernels, const PackOptions& options) {
  const absl::Span<const float> input_scales = options.input_scales;
  SENVEC_CHECK(static_cast<int64_t>(weight.size()) == in * out);
  SENVEC_CHECK(bias.empty() || static_cast<int64_t>(bias.size()) == out);
  SENVEC_CHECK(input_scales.empty() ||
               (precision == Precision::kInt8 && static_cast<int64_t>(input_scales.size()) == in));
  const GemmFormat& format = kernels.gemm_of(precision).format;
  const int64_t panel = static_cast<int64_t>(format.panel);
  PackedMatrix matrix;
  matrix.kernels_ = &kernels;
  matrix.precision_ = precision;
  matrix.in_ = in;
  matrix.out_ = out;
  matrix.num_panels_ = (out + panel - 1) / panel;
  matrix.bias_.assign(matrix.num_panels_ * panel, 0.0f);
  std::copy(bias.begin(), bias.end(), matrix.bias_.begin());
  if (precision == Precision::kInt8) {
    matrix.scales_.assign(matrix.num_panels_ * panel, 0.0f);
    matrix.sums_.assign(matrix.num_panels_ * panel, 0.0f);
  }
  for (float scale : input_scales) matrix.input_factors_.push_back(1.0f / scale);
  matrix.panels_ = Allocate(matrix.num_panels_ * format.panel_bytes(in), options.arena);
  Team alone;
  Team& team = options.team != nullptr ? *options.team : alone;
  team.For(matrix.num_panels_, [&](size_t p, size_t) { matrix.PackPanelOf(weight.data(), input_scales, p); });
  return matrix;
}

void PackedMatrix::Multiply(const LeftOperand& x, int64_t first_row, int64_t end_row, int64_t first_panel,
                            int64_t end_panel, ActivationFunction activation, const Output& y) const {
  SENVEC_CHECK(x.width() == in_);
  const int64_t stride = y.stride != 0 ? y.stride : out_;
  kernels_->gemm_of(precision_).multiply(
      {.a = static_cast<const char*>(x.data()) + first_row * x.row_stride(),
       .a_stride = static_cast<size_t>(x.row_stride()),
       .a_scales = precision_ == Precision::kInt8 ? x.scales() + first_row : nullptr,
       .rows = static_cast<size_t>(end_row - first_row),
       .b = panels_.get(),
       .bias = bias_.data(),
       .b_scales = scales_.data(),
       .b_sums = sums_.data(),
       .k = static_cast<size_t>(in_),
       .n = static_cast<size_t>(out_),
       .first_panel = static_cast<size_t>(first_panel),
       .end_panel = static_cast<size_t>(end_panel),
       .activation = activation,
       .c = y.fp32 != nullptr ? y.fp32 + first_row * stride : nullptr,
       .c_bf16 = y.bf16 != nullptr ? y.bf16 + first_row * stride : nullptr,
       .c_stride = static_cast<size_t>(stride)});
}

}  // namespace senvec
