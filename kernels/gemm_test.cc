#include "kernels/gemm.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "base/thread_pool.h"

namespace senvec {
namespace {

std::vector<float> Random(size_t n, uint32_t seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(n);
  for (float& value : values) value = normal(engine);
  return values;
}

float RoundToBf16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  bits = (bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000u;
  std::memcpy(&value, &bits, sizeof(bits));
  return value;
}

// The definition of METHODS' int8 product in fp64: x and w as the codes stand for them.
std::vector<double> Dequantized(const float* x, int64_t n) {
  double low = 0, high = 0;
  for (int64_t i = 0; i < n; ++i) {
    low = std::min<double>(low, x[i]);
    high = std::max<double>(high, x[i]);
  }
  std::vector<double> values(x, x + n);
  const double step = (high - low) / 254;
  const double zero = std::round(-low / step);
  for (double& value : values) value = step * (std::min(255.0, std::max(0.0, std::nearbyint(value / step + zero))) - zero);
  return values;
}

struct ShapeCase {
  const char* name;
  int64_t rows, in, out;
  bool bias;
};
constexpr ShapeCase kShapes[] = {{"one_row", 1, 384, 384, true},    {"no_bias", 5, 64, 48, false},
                                 {"odd_sizes", 17, 37, 29, true},   {"several_blocks", 343, 96, 80, true},
                                 {"one_output", 20, 33, 1, true},   {"wide", 30, 1536, 64, true},
                                 {"one_value", 3, 1, 40, true}};

class GemmTest : public testing::TestWithParam<std::tuple<Isa, Precision>> {
 protected:
  const Kernels& kernels() const { return KernelsFor(std::get<0>(GetParam())); }
  Precision precision() const { return std::get<1>(GetParam()); }

  PackedMatrix Pack(const std::vector<float>& weight, const std::vector<float>& bias, int64_t out, int64_t in) const {
    return PackedMatrix::Pack(weight, bias, out, in, precision(), kernels());
  }
  LeftOperand Operand(const std::vector<float>& x, int64_t rows, int64_t in) const {
    LeftOperand operand;
    operand.Resize(kernels(), precision(), rows, in);
    for (int64_t row = 0; row < rows; ++row) operand.SetRow(row, x.data() + row * in);
    return operand;
  }
  std::vector<float> Multiply(const PackedMatrix& matrix, const std::vector<float>& x, int64_t rows) const {
    std::vector<float> y(rows * matrix.out(), std::nanf(""));
    matrix.Multiply(Operand(x, rows, matrix.in()), nullptr, {.fp32 = y.data()});
    return y;
  }
};

INSTANTIATE_TEST_SUITE_P(IsasAndPrecisions, GemmTest,
                         testing::Combine(testing::ValuesIn(SupportedIsas()),
                                          testing::Values(Precision::kFp32, Precision::kBf16, Precision::kInt8)),
                         [](const auto& instance) {
                           return std::string(IsaName(std::get<0>(instance.param))) + "_" +
                                  std::string(PrecisionName(std::get<1>(instance.param)));
                         });

// fp32 and bf16: |error| ≤ γ_n Σ|x_i w_i| with γ_n ≈ n·2⁻²⁴ (Higham, Accuracy and Stability, 3.1), plus roundings for
// the bias; in bf16 the operands are rounded first, exactly as here. int8: integers are exact, so that only the
// operands' rounding counts: half a step of each factor against the other's magnitude.
TEST_P(GemmTest, EqualsTheProductInDoubleWithinItsErrorBound) {
  for (const ShapeCase& shape : kShapes) {
    const auto [name, rows, in, out, has_bias] = shape;
    const auto weight = Random(in * out, 1), bias = Random(has_bias ? out : 0, 2), x = Random(rows * in, 3);
    const std::vector<float> y = Multiply(Pack(weight, bias, out, in), x, rows);
    for (int64_t r = 0; r < rows; ++r) {
      const std::vector<double> dequantized = Dequantized(x.data() + r * in, in);
      for (int64_t o = 0; o < out; ++o) {
        double expected = has_bias ? bias[o] : 0, magnitude = std::abs(expected), largest = 0, quantization = 0;
        for (int64_t i = 0; i < in; ++i) largest = std::max<double>(largest, std::abs(weight[o * in + i]));
        for (int64_t i = 0; i < in; ++i) {
          double a = x[r * in + i], w = weight[o * in + i];
          if (precision() == Precision::kBf16) {
            a = RoundToBf16(a);
            w = RoundToBf16(w);
          } else if (precision() == Precision::kInt8) {
            a = dequantized[i];
            // A code that lies between two integers may go either way in fp32.
            quantization += largest / 127 * (0.501 * std::abs(a));
          }
          expected += a * w;
          magnitude += std::abs(a * w);
        }
        ASSERT_NEAR(y[r * out + o], expected, (in + 4) * std::ldexp(1.0, -23) * magnitude + quantization)
            << name << " " << r << "," << o;
      }
    }
  }
}

TEST_P(GemmTest, RowsOfZerosAndOfExtremeNumbersStayFinite) {
  const int64_t in = 70, out = 20;
  const auto weight = Random(in * out, 12), bias = Random(out, 13);
  const PackedMatrix matrix = Pack(weight, bias, out, in);
  for (float value : {0.0f, 1e-38f, -1e-30f, 1e30f, -1e30f}) {
    const auto y = Multiply(matrix, std::vector<float>(in, value), 1);
    for (int64_t o = 0; o < out; ++o) {
      EXPECT_TRUE(std::isfinite(y[o])) << value;
      if (std::abs(value) < 1e-20f) {
        EXPECT_NEAR(y[o], bias[o], 1e-6) << value;
      }
    }
  }
}

TEST_P(GemmTest, BitsDoNotDependOnTheNumberOfRowsOrTheRowsBeside) {
  for (const auto& [in, out] : std::vector<std::pair<int64_t, int64_t>>{{384, 160}, {1536, 64}, {37, 29}}) {
    const auto weight = Random(in * out, 4), bias = Random(out, 5), row = Random(in, 6);
    const PackedMatrix matrix = Pack(weight, bias, out, in);
    const std::vector<float> alone = Multiply(matrix, row, 1);
    for (int64_t rows : {2, 3, 5, 7, 13, 14, 15, 16, 17, 28, 29, 63, 100, 255, 530}) {
      for (int64_t position : {int64_t{0}, rows / 2, rows - 1}) {
        auto x = Random(rows * in, 7 + rows);
        std::copy(row.begin(), row.end(), x.begin() + position * in);
        const std::vector<float> y = Multiply(matrix, x, rows);
        ASSERT_EQ(std::memcmp(y.data() + position * out, alone.data(), out * sizeof(float)), 0)
            << rows << " rows, position " << position << ", " << in << " to " << out;
      }
    }
  }
}

TEST_P(GemmTest, SharesOfRowsAndPanelsMakeUpTheWhole) {
  const int64_t rows = 23, in = 50, out = 150;
  const auto weight = Random(in * out, 14), bias = Random(out, 15), x = Random(rows * in, 16);
  const PackedMatrix matrix = Pack(weight, bias, out, in);
  const std::vector<float> whole = Multiply(matrix, x, rows);
  const LeftOperand operand = Operand(x, rows, in);
  std::vector<float> y(rows * out);
  for (int64_t row = 0; row < rows; row += 9) {
    for (int64_t panel = 0; panel < matrix.num_panels(); ++panel) {
      matrix.Multiply(operand, row, std::min(rows, row + 9), panel, panel + 1, nullptr, {.fp32 = y.data()});
    }
  }
  EXPECT_EQ(y, whole);
}

TEST_P(GemmTest, ActivationAndBf16OutputEqualWhatTheyWouldBeAfterwards) {
  const int64_t rows = 31, in = 48, out = 70;
  const auto weight = Random(in * out, 17), bias = Random(out, 18), x = Random(rows * in, 19);
  const PackedMatrix matrix = Pack(weight, bias, out, in);
  const LeftOperand operand = Operand(x, rows, in);
  std::vector<float> expected = Multiply(matrix, x, rows), y(rows * out);
  kernels().gelu_erf(expected.data(), expected.size());
  matrix.Multiply(operand, kernels().gelu_erf, {.fp32 = y.data()});
  EXPECT_EQ(y, expected);
  std::vector<uint16_t> halves(rows * (out + 2), 7);
  matrix.Multiply(operand, kernels().gelu_erf, {.bf16 = halves.data(), .stride = out + 2});
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t o = 0; o < out; ++o) {
      const uint32_t bits = uint32_t{halves[row * (out + 2) + o]} << 16;
      float value;
      std::memcpy(&value, &bits, sizeof(bits));
      EXPECT_EQ(value, RoundToBf16(expected[row * out + o]));
    }
    EXPECT_EQ(halves[row * (out + 2) + out], 7);
  }
}

TEST_P(GemmTest, ThreadsShareOneMatrix) {
  const int64_t in = 64, out = 64, rows = 80;
  const auto weight = Random(in * out, 8), bias = Random(out, 9), x = Random(rows * in, 10);
  const PackedMatrix matrix = Pack(weight, bias, out, in);
  const std::vector<float> expected = Multiply(matrix, x, rows);
  std::vector<std::vector<float>> results(4);
  std::vector<std::thread> threads;
  for (auto& result : results) threads.emplace_back([&] { result = Multiply(matrix, x, rows); });
  for (std::thread& thread : threads) thread.join();
  for (const auto& result : results) EXPECT_EQ(result, expected);
}

TEST_P(GemmTest, ATeamPacksIntoAnArenaWhatOneThreadPacksAlone) {
  const int64_t rows = 4, in = 50, out = 210;
  const auto weight = Random(in * out, 25), bias = Random(out, 26), x = Random(rows * in, 27);
  const std::vector<float> expected = Multiply(Pack(weight, bias, out, in), x, rows);
  ThreadPool pool(3);
  Team::Run(pool, [&](Team& team) {
    auto arena = std::make_shared<PageArena>();
    const PackedMatrix matrix =
        PackedMatrix::Pack(weight, bias, out, in, precision(), kernels(), {.arena = std::move(arena), .team = &team});
    EXPECT_EQ(Multiply(matrix, x, rows), expected);
  });
}

// The codes of a row, its scale and zero point, against their definition.
TEST(Int8GemmTest, RowsKeepEveryValueWithinHalfAStep) {
  const int64_t in = 100;
  // A weight row with one 1 takes one value out: its code is 127 and its scale 1/127.
  std::vector<float> identity(in * in, 0.0f);
  for (int64_t i = 0; i < in; ++i) identity[i * in + i] = 1;
  for (Isa isa : SupportedIsas()) {
    const Kernels& kernels = KernelsFor(isa);
    const PackedMatrix matrix = PackedMatrix::Pack(identity, {}, in, in, Precision::kInt8, kernels);
    for (float shift : {-3.0f, 0.0f, 3.0f}) {
      auto x = Random(in, 11);
      for (float& value : x) value += shift;
      const float low = std::min(0.0f, *std::min_element(x.begin(), x.end()));
      const float high = std::max(0.0f, *std::max_element(x.begin(), x.end()));
      LeftOperand operand;
      operand.Resize(kernels, Precision::kInt8, 1, in);
      operand.SetRow(0, x.data());
      std::vector<float> y(in);
      matrix.Multiply(operand, nullptr, {.fp32 = y.data()});
      for (int64_t i = 0; i < in; ++i) EXPECT_NEAR(y[i], x[i], 0.5001 * (high - low) / 254 + 1e-5) << shift << " " << i;
    }
  }
}

// Integer sums are exact, so that instruction sets differ at most in the last operations' rounding.
TEST(Int8GemmTest, InstructionSetsAgree) {
  const int64_t rows = 9, in = 130, out = 70;
  const auto weight = Random(in * out, 20), bias = Random(out, 21), x = Random(rows * in, 22);
  std::vector<float> first;
  for (Isa isa : SupportedIsas()) {
    const Kernels& kernels = KernelsFor(isa);
    LeftOperand operand;
    operand.Resize(kernels, Precision::kInt8, rows, in);
    for (int64_t row = 0; row < rows; ++row) operand.SetRow(row, x.data() + row * in);
    std::vector<float> y(rows * out);
    PackedMatrix::Pack(weight, bias, out, in, Precision::kInt8, kernels).Multiply(operand, nullptr, {.fp32 = y.data()});
    if (first.empty()) first = y;
    for (size_t i = 0; i < y.size(); ++i) ASSERT_NEAR(y[i], first[i], 0.2) << IsaName(isa);
  }
}

// x·Wᵀ = (x / s)·(W·s)ᵀ: what inputs are divided by only moves the rounding.
TEST(Int8GemmTest, InputScalesLetAnOutlierLeaveTheOthersTheirSteps) {
  const int64_t in = 64, out = 40;
  const auto weight = Random(in * out, 23);
  auto x = Random(in, 24);
  x[5] = 300;
  std::vector<float> scales(in, 1.0f);
  scales[5] = 17;  // about √300: what SmoothingScales() would choose
  for (Isa isa : SupportedIsas()) {
    const Kernels& kernels = KernelsFor(isa);
    const auto largest_error = [&](absl::Span<const float> input_scales) {
      const PackedMatrix matrix = PackedMatrix::Pack(weight, {}, out, in, Precision::kInt8, kernels, {.input_scales = input_scales});
      LeftOperand operand;
      operand.Resize(kernels, Precision::kInt8, 1, in);
      operand.SetRow(0, x.data(), matrix.input_factors());
      std::vector<float> y(out);
      matrix.Multiply(operand, nullptr, {.fp32 = y.data()});
      double worst = 0;
      for (int64_t o = 0; o < out; ++o) {
        double expected = 0;
        for (int64_t i = 0; i < in; ++i) expected += double{x[i]} * weight[o * in + i];
        worst = std::max(worst, std::abs(expected - y[o]));
      }
      return worst;
    };
    EXPECT_LT(largest_error(scales), 0.5 * largest_error({})) << IsaName(isa);
  }
}

TEST(PrecisionTest, NamesRoundTripAndOthersAreRefused) {
  for (const char* name : {"fp32", "bf16", "int8"}) EXPECT_EQ(PrecisionName(*ParsePrecision(name)), name);
  EXPECT_THAT(std::string(ParsePrecision("fp8").status().message()), testing::HasSubstr("int8"));
}

}  // namespace
}  // namespace senvec
