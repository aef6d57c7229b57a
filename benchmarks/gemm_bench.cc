// Our matrix products against oneDNN's packed ones, in turns, one thread: what each precision's layer needs, so that the
// int8 rival has its result scaled, and all have bias and GELU. Ours is compared with double arithmetic first, and in fp32 with
// oneDNN's. Prints time of theirs ÷ ours.
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "base/check.h"
#include "kernels/gemm.h"
#include "oneapi/dnnl/dnnl.hpp"

namespace senvec {
namespace {

using dnnl::memory;

double Now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// Rows of x through W with bias and GELU, as oneDNN does it: rows padded to 16 so that a row keeps its bits.
class Rival {
 public:
  Rival(Precision precision, const Kernels& kernels, const std::vector<float>& weight, const std::vector<float>& bias,
        int64_t rows, int64_t in, int64_t out)
      : precision_(precision), kernels_(kernels), rows_((rows + 15) / 16 * 16), in_(in), out_(out), bias_(bias) {
    using Type = memory::data_type;
    const Type x_type = precision == Precision::kFp32 ? Type::f32 : precision == Precision::kBf16 ? Type::bf16 : Type::u8;
    const Type w_type = precision == Precision::kInt8 ? Type::s8 : x_type;
    const Type y_type = precision == Precision::kInt8 ? Type::s32 : Type::f32;
    const memory::desc x({rows_, in}, x_type, memory::format_tag::ab), y({rows_, out}, y_type, memory::format_tag::ab);
    const memory::desc w({in, out}, w_type, memory::format_tag::any), b({1, out}, Type::f32, memory::format_tag::ab);
    const bool fuse_bias = precision != Precision::kInt8;
    const dnnl::matmul::desc call = fuse_bias ? dnnl::matmul::desc(x, w, b, y) : dnnl::matmul::desc(x, w, y);
    const dnnl::matmul::primitive_desc description(call, engine_);
    matmul_ = dnnl::matmul(description);
    x_ = memory(x, engine_);
    y_ = memory(y, engine_);
    w_ = memory(description.weights_desc(), engine_);
    b_ = memory(b, engine_, bias_.data());
    values_.resize(rows_ * out);
    if (precision == Precision::kFp32) {
      memory plain({{in, out}, Type::f32, memory::format_tag::ba}, engine_, const_cast<float*>(weight.data()));
      dnnl::reorder(plain, w_).execute(stream_, plain, w_);
      stream_.wait();
    }
  }
  // x in this precision's form is there already, as ours is.
  void* x() { return x_.get_data_handle(); }
  void Run() {
    std::unordered_map<int, memory> arguments = {{DNNL_ARG_SRC, x_}, {DNNL_ARG_WEIGHTS, w_}, {DNNL_ARG_DST, y_}};
    if (precision_ != Precision::kInt8) arguments.emplace(DNNL_ARG_BIAS, b_);
    matmul_.execute(stream_, arguments);
    stream_.wait();
    float* y = static_cast<float*>(y_.get_data_handle());
    if (precision_ == Precision::kInt8) {
      const int32_t* sums = static_cast<const int32_t*>(y_.get_data_handle());
      for (int64_t row = 0; row < rows_; ++row) {
        for (int64_t o = 0; o < out_; ++o) values_[row * out_ + o] = static_cast<float>(sums[row * out_ + o] - 7) * 0.01f + bias_[o];
      }
      y = values_.data();
    }
    (precision_ == Precision::kFp32 ? kernels_.gelu_erf : kernels_.gelu_erf_fast)(y, rows_ * out_);
  }
  const float* result() const { return static_cast<const float*>(y_.get_data_handle()); }

 private:
  Precision precision_;
  const Kernels& kernels_;
  int64_t rows_, in_, out_;
  std::vector<float> bias_, values_;
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  dnnl::matmul matmul_;
  memory x_, w_, b_, y_;
};

std::vector<float> Random(size_t n, uint32_t seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal(0, 0.5f);
  std::vector<float> values(n);
  for (float& value : values) value = normal(engine);
  return values;
}

void Compare(Precision precision, int64_t rows, int64_t in, int64_t out) {
  const Kernels& kernels = KernelsFor(SupportedIsas().back());
  const auto weight = Random(in * out, 1), bias = Random(out, 2), x = Random(rows * in, 3);
  const PackedMatrix matrix = PackedMatrix::Pack(weight, bias, out, in, precision, kernels);
  LeftOperand operand;
  operand.Resize(kernels, precision, rows, in);
  for (int64_t row = 0; row < rows; ++row) operand.SetRow(row, x.data() + row * in);
  std::vector<float> y(rows * out);
  const ActivationFunction gelu = precision == Precision::kFp32 ? kernels.gelu_erf : kernels.gelu_erf_fast;
  matrix.Multiply(operand, nullptr, {.fp32 = y.data()});
  const double tolerance = precision == Precision::kFp32 ? 1e-4 : precision == Precision::kBf16 ? 0.1 : 0.6;
  for (int64_t i = 0; i < rows * out; i += 7) {
    double expected = bias[i % out];
    for (int64_t k = 0; k < in; ++k) expected += double{x[i / out * in + k]} * weight[i % out * in + k];
    SENVEC_CHECK(std::abs(y[i] - expected) < tolerance);
  }
  Rival rival(precision, kernels, weight, bias, rows, in, out);
  if (precision == Precision::kFp32) {
    std::copy(x.begin(), x.end(), static_cast<float*>(rival.x()));
    rival.Run();
    matrix.Multiply(operand, gelu, {.fp32 = y.data()});
    for (size_t i = 0; i < y.size(); ++i) SENVEC_CHECK(std::abs(y[i] - rival.result()[i]) < 1e-4);
  }
  std::vector<double> ratios;
  const int repeat = std::max<int>(1, static_cast<int>(2e8 / (2.0 * rows * in * out)));
  for (int round = 0; round < 15; ++round) {
    double start = Now();
    for (int i = 0; i < repeat; ++i) matrix.Multiply(operand, gelu, {.fp32 = y.data()});
    const double ours = Now() - start;
    start = Now();
    for (int i = 0; i < repeat; ++i) rival.Run();
    ratios.push_back((Now() - start) / ours);
  }
  std::sort(ratios.begin(), ratios.end());
  std::printf("| %s | %4ld x %4ld to %4ld | %.2f (%.2f to %.2f) |\n", std::string(PrecisionName(precision)).c_str(),
              static_cast<long>(rows), static_cast<long>(in), static_cast<long>(out), ratios[7], ratios.front(), ratios.back());
}

}  // namespace
}  // namespace senvec

int main() {
  omp_set_num_threads(1);
  std::puts("| precision | rows x in to out, bias and GELU | oneDNN's time / ours |\n|---|---|---|");
  for (auto precision : {senvec::Precision::kFp32, senvec::Precision::kBf16, senvec::Precision::kInt8}) {
    for (int64_t rows : {1, 5, 9, 14, 17, 30, 64, 512}) senvec::Compare(precision, rows, 384, 1536);
    for (int64_t rows : {9, 512}) senvec::Compare(precision, rows, 1536, 384);
  }
}
