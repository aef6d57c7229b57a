#include "kernels/gemm.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

namespace senvec {
namespace {

std::vector<float> Random(size_t n, uint32_t seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(n);
  for (float& value : values) value = normal(engine);
  return values;
}

struct ShapeCase {
  const char* name;
  int64_t rows, in, out;
  bool bias;
};

class GemmTest : public testing::TestWithParam<ShapeCase> {};

// |error| ≤ γ_n Σ|x_i w_i| with γ_n ≈ n·2⁻²⁴ (Higham, Accuracy and Stability, 3.1), plus one rounding for the bias.
TEST_P(GemmTest, EqualsTheProductInDoubleWithinItsErrorBound) {
  const auto [name, rows, in, out, has_bias] = GetParam();
  const auto weight = Random(in * out, 1), bias = Random(has_bias ? out : 0, 2);
  auto x = Random(PackedMatrix::PaddedRows(rows) * in, 3);
  std::vector<float> y(PackedMatrix::PaddedRows(rows) * out);
  const auto context = GemmContext::Create();
  const PackedMatrix matrix = PackedMatrix::Pack(weight, bias, out, in, *context);
  GemmWorkspace workspace(context);
  matrix.Multiply(x.data(), rows, workspace, y.data());
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t o = 0; o < out; ++o) {
      double expected = has_bias ? bias[o] : 0, magnitude = std::abs(expected);
      for (int64_t i = 0; i < in; ++i) {
        const double product = double{x[r * in + i]} * weight[o * in + i];
        expected += product;
        magnitude += std::abs(product);
      }
      ASSERT_NEAR(y[r * out + o], expected, (in + 2) * std::ldexp(1.0, -24) * magnitude) << r << "," << o;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, GemmTest,
                         testing::Values(ShapeCase{"one_row", 1, 384, 384, true},
                                         ShapeCase{"no_bias", 5, 64, 48, false},
                                         ShapeCase{"odd_sizes", 17, 37, 29, true},
                                         ShapeCase{"several_blocks", 343, 96, 80, true},
                                         ShapeCase{"one_output", 20, 33, 1, true}),
                         [](const auto& shape) { return shape.param.name; });

TEST(GemmRowTest, BitsDoNotDependOnTheNumberOfRowsOrTheRowsBeside) {
  for (const auto& [in, out] : std::vector<std::pair<int64_t, int64_t>>{{384, 1152}, {1536, 384}, {37, 29}}) {
    const auto weight = Random(in * out, 4), bias = Random(out, 5), row = Random(in, 6);
    const auto context = GemmContext::Create();
    const PackedMatrix matrix = PackedMatrix::Pack(weight, bias, out, in, *context);
    GemmWorkspace workspace(context);
    std::vector<float> alone(PackedMatrix::PaddedRows(1) * out);
    std::vector<float> x(PackedMatrix::PaddedRows(1) * in);
    std::copy(row.begin(), row.end(), x.begin());
    matrix.Multiply(x.data(), 1, workspace, alone.data());
    for (int64_t rows : {2, 15, 16, 17, 63, 64, 80, 255, 256, 400, 530}) {
      for (int64_t position : {int64_t{0}, rows / 2, rows - 1}) {
        x = Random(PackedMatrix::PaddedRows(rows) * in, 7 + rows);
        std::copy(row.begin(), row.end(), x.begin() + position * in);
        std::vector<float> y(PackedMatrix::PaddedRows(rows) * out);
        matrix.Multiply(x.data(), rows, workspace, y.data());
        ASSERT_EQ(std::memcmp(y.data() + position * out, alone.data(), out * sizeof(float)), 0)
            << rows << " rows, position " << position << ", " << in << " to " << out;
      }
    }
  }
}

TEST(GemmThreadTest, ThreadsShareOneMatrix) {
  const int64_t in = 64, out = 64, rows = 80;
  const auto weight = Random(in * out, 8), bias = Random(out, 9), x = Random(rows * in, 10);
  const auto context = GemmContext::Create();
  const PackedMatrix matrix = PackedMatrix::Pack(weight, bias, out, in, *context);
  const auto multiply = [&] {
    GemmWorkspace workspace(context);
    std::vector<float> y(rows * out);
    for (int i = 0; i < 20; ++i) matrix.Multiply(x.data(), rows, workspace, y.data());
    return y;
  };
  const std::vector<float> expected = multiply();
  std::vector<std::vector<float>> results(4);
  std::vector<std::thread> threads;
  for (auto& result : results) threads.emplace_back([&] { result = multiply(); });
  for (std::thread& thread : threads) thread.join();
  for (const auto& result : results) EXPECT_EQ(result, expected);
}

}  // namespace
}  // namespace senvec
