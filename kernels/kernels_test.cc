#include "kernels/kernels.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <random>
#include <utility>
#include <vector>

namespace senvec {
namespace {

constexpr double kUnit = 1.0 / (1 << 24);  // half a unit in the last place of a float near 1

std::vector<float> Random(size_t n, float low, float high, uint32_t seed = 1) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> uniform(low, high);
  std::vector<float> values(n);
  for (float& value : values) value = uniform(engine);
  return values;
}

class KernelsTest : public testing::TestWithParam<Isa> {
 protected:
  const Kernels& kernels() const { return KernelsFor(GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(Isas, KernelsTest, testing::ValuesIn(SupportedIsas()),
                         [](const auto& isa) { return std::string(IsaName(isa.param)); });

TEST_P(KernelsTest, TableNamesItsInstructionSet) { EXPECT_EQ(kernels().isa, GetParam()); }

TEST_P(KernelsTest, DotAndDistanceStayWithinTheErrorBoundOfASum) {
  for (size_t n : {0, 1, 3, 15, 16, 17, 63, 64, 65, 384, 1000}) {
    const auto a = Random(n, -1, 1, 1), b = Random(n, -1, 1, 2);
    double dot = 0, dot_size = 0, distance = 0;
    for (size_t i = 0; i < n; ++i) {
      dot += double{a[i]} * b[i];
      dot_size += std::abs(double{a[i]} * b[i]);
      distance += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
    }
    EXPECT_NEAR(kernels().dot(a.data(), b.data(), n), dot, (n + 1) * kUnit * dot_size) << n;
    EXPECT_NEAR(kernels().squared_l2(a.data(), b.data(), n), distance, (n + 3) * kUnit * distance) << n;
  }
}

TEST_P(KernelsTest, ScaleAndAddTouchEveryElementOnce) {
  for (size_t n : {1, 7, 16, 33}) {
    auto x = Random(n + 1, -1, 1), y = Random(n + 1, -1, 1, 3);
    const auto x0 = x, y0 = y;
    kernels().scale(x.data(), 3.0f, n);
    kernels().add(y.data(), x0.data(), n);
    for (size_t i = 0; i < n; ++i) {
      EXPECT_EQ(x[i], x0[i] * 3.0f);
      EXPECT_EQ(y[i], y0[i] + x0[i]);
    }
    EXPECT_EQ(x[n], x0[n]);
    EXPECT_EQ(y[n], y0[n]);
  }
}

// Mean and variance of n numbers carry an error of about n·2⁻²⁴ of the largest; n·2⁻²⁴·8 leaves room for the
// division and the last two operations.
TEST_P(KernelsTest, LayerNormMatchesDoubleArithmetic) {
  for (size_t n : {1, 5, 16, 24, 384}) {
    const auto x = Random(n, -2, 2, 4), residual = Random(n, -2, 2, 5);
    const auto weight = Random(n, 0.5, 1.5, 6), bias = Random(n, -1, 1, 7);
    std::vector<float> out(n);
    kernels().layer_norm(x.data(), residual.data(), weight.data(), bias.data(), 1e-5f, n, out.data());
    double mean = 0, variance = 0;
    for (size_t i = 0; i < n; ++i) mean += (double{x[i]} + residual[i]) / n;
    for (size_t i = 0; i < n; ++i) variance += std::pow(double{x[i]} + residual[i] - mean, 2) / n;
    for (size_t i = 0; i < n; ++i) {
      const double expected =
          (double{x[i]} + residual[i] - mean) / std::sqrt(variance + 1e-5) * weight[i] + bias[i];
      EXPECT_NEAR(out[i], expected, 8 * (n + 1) * kUnit * 3) << n << " " << i;
    }
  }
}

struct Activation {
  const char* name;
  void (*Kernels::*function)(float*, size_t);
  double (*reference)(double);
  double relative, absolute;
};

TEST_P(KernelsTest, ActivationsMatchTheirFormulas) {
  const Activation activations[] = {
      // The polynomial is good to 6e-7 (kernels.h says 8e-7); the rest is rounding.
      {"gelu_erf", &Kernels::gelu_erf, [](double x) { return 0.5 * x * std::erfc(-x / std::sqrt(2.0)); }, 2e-7,
       8e-7},
      {"gelu_erf_fast", &Kernels::gelu_erf_fast, [](double x) { return 0.5 * x * std::erfc(-x / std::sqrt(2.0)); },
       2e-7, 2.1e-4},
      {"gelu_tanh", &Kernels::gelu_tanh,
       [](double x) { return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))); },
       1e-6, 1e-7},
      {"silu", &Kernels::silu, [](double x) { return x / (1 + std::exp(-x)); }, 5e-7, 1e-9},
      {"tanh", &Kernels::tanh, [](double x) { return std::tanh(x); }, 1e-6, 1e-9},
      {"relu", &Kernels::relu, [](double x) { return x > 0 ? x : 0; }, 0, 0},
      {"exp", &Kernels::exp, [](double x) { return std::exp(x); }, 3e-7, 0},
  };
  for (const Activation& activation : activations) {
    auto x = Random(4099, -12, 12, 8);
    const auto near = Random(1000, -0.2f, 0.2f, 9);
    x.insert(x.end(), near.begin(), near.end());
    x.push_back(0.0f);
    const auto x0 = x;
    (kernels().*activation.function)(x.data(), x.size());
    for (size_t i = 0; i < x.size(); ++i) {
      const double expected = activation.reference(x0[i]);
      ASSERT_NEAR(x[i], expected, activation.relative * std::abs(expected) + activation.absolute)
          << activation.name << "(" << x0[i] << ")";
    }
  }
}

TEST_P(KernelsTest, ActivationsStayFiniteFarOut) {
  for (auto function : {&Kernels::gelu_erf, &Kernels::gelu_erf_fast, &Kernels::gelu_tanh, &Kernels::silu, &Kernels::tanh}) {
    std::vector<float> x = {-1e4f, -200, -90, 90, 200, 1e4f};
    (kernels().*function)(x.data(), x.size());
    for (float value : x) EXPECT_TRUE(std::isfinite(value)) << value;
  }
}

TEST_P(KernelsTest, RotatesInterleavedPairs) {
  std::vector<float> x = {1, 0, 0, 1, 3, 4};
  const std::vector<float> cos = {0, 0, 0, 0, 1, 1}, sin = {-1, 1, -1, 1, 0, 0};
  kernels().rotate_pairs(x.data(), cos.data(), sin.data(), x.size());
  EXPECT_THAT(x, testing::ElementsAre(0, 1, -1, 0, 3, 4));
}

TEST_P(KernelsTest, RotatesManyPairsAsOneByOne) {
  for (size_t n : {8, 16, 32, 40, 64}) {
    auto x = Random(n, -1, 1, 21);
    std::vector<float> cos(n), sin(n), expected(n);
    for (size_t i = 0; i < n; i += 2) {
      const float angle = 0.1f * i;
      cos[i] = cos[i + 1] = std::cos(angle);
      sin[i + 1] = std::sin(angle);
      sin[i] = -sin[i + 1];
      expected[i] = x[i] * cos[i] - x[i + 1] * sin[i + 1];
      expected[i + 1] = x[i + 1] * cos[i] + x[i] * sin[i + 1];
    }
    kernels().rotate_pairs(x.data(), cos.data(), sin.data(), n);
    for (size_t i = 0; i < n; ++i) EXPECT_NEAR(x[i], expected[i], 4 * kUnit) << n << " " << i;
  }
}

// Scores are sums of head_size products below 1 times scale, exp turns their absolute error into a relative one.
TEST_P(KernelsTest, AttentionMatchesDoubleArithmetic) {
  for (const auto& [n, head_size] : std::vector<std::pair<size_t, size_t>>{{1, 32}, {3, 20}, {14, 32}, {16, 32}, {37, 64}, {130, 8}, {513, 48}}) {
    const size_t stride = 3 * head_size + 5;
    const auto qkv = Random(n * stride, -1, 1, 11);
    const float scale = 1 / std::sqrt(static_cast<float>(head_size));
    std::vector<float> scratch(AttentionScratchSize(n, head_size));
    std::vector<float> out(n * (head_size + 3), -7.0f);
    const AttentionCall call = {.q = qkv.data() + 1, .q_stride = stride, .num_queries = n,
                                .k = qkv.data() + 2 + head_size, .v = qkv.data() + 4 + 2 * head_size,
                                .kv_stride = stride, .n = n, .head_size = head_size, .scale = scale,
                                .scratch = scratch.data(), .out = out.data(), .out_stride = head_size + 3};
    kernels().attention_head(call);
    // One query alone gives the bits that it gives among others.
    std::vector<float> alone(head_size);
    AttentionCall one = call;
    one.q += (n - 1) * stride;
    one.num_queries = 1;
    one.out = alone.data();
    kernels().attention_head(one);
    EXPECT_EQ(alone, std::vector<float>(out.end() - head_size - 3, out.end() - 3));
    for (size_t t = 0; t < n; ++t) {
      std::vector<double> weights(n);
      double sum = 0;
      for (size_t u = 0; u < n; ++u) {
        double score = 0;
        for (size_t d = 0; d < head_size; ++d) {
          score += double{qkv[t * stride + 1 + d]} * qkv[u * stride + 2 + head_size + d];
        }
        sum += weights[u] = std::exp(score * scale);
      }
      for (size_t d = 0; d < head_size; ++d) {
        double expected = 0;
        for (size_t u = 0; u < n; ++u) expected += weights[u] / sum * qkv[u * stride + 4 + 2 * head_size + d];
        EXPECT_NEAR(out[t * (head_size + 3) + d], expected, (n + head_size) * kUnit * 8) << n << " " << t;
      }
      for (size_t d = head_size; d < head_size + 3; ++d) EXPECT_EQ(out[t * (head_size + 3) + d], -7.0f);
    }
  }
}

// bfloat16 as a float of which 16 bits are zero.
float RoundToBf16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  bits = (bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000u;
  std::memcpy(&value, &bits, sizeof(bits));
  return value;
}

// One head of `n` tokens in both formats, all of bfloat16's values.
struct Head {
  Head(size_t n_tokens, size_t size, float range)
      : n(n_tokens), head_size(size), floats(Random(n * 3 * head_size, -range, range, 31)), halves(floats.size()) {
    for (size_t i = 0; i < floats.size(); ++i) {
      floats[i] = RoundToBf16(floats[i]);
      uint32_t bits;
      std::memcpy(&bits, &floats[i], sizeof(bits));
      halves[i] = static_cast<uint16_t>(bits >> 16);
    }
  }
  template <typename T>
  AttentionCallOf<T> Call(const std::vector<T>& rows, std::vector<float>& scratch, std::vector<float>& out) const {
    scratch.assign(AttentionScratchSize(n, head_size), std::nanf(""));
    out.assign(n * head_size, std::nanf(""));
    return {.q = rows.data(), .q_stride = 3 * head_size, .num_queries = n, .k = rows.data() + head_size,
            .v = rows.data() + 2 * head_size, .kv_stride = 3 * head_size, .n = n, .head_size = head_size,
            .scale = 1 / std::sqrt(static_cast<float>(head_size)), .scratch = scratch.data(), .out = out.data(),
            .out_stride = head_size};
  }
  size_t n, head_size;
  std::vector<float> floats;
  std::vector<uint16_t> halves;
};
constexpr std::pair<size_t, size_t> kHeads[] = {{1, 32},  {2, 2},   {3, 20},  {14, 32}, {15, 64}, {16, 32}, {17, 32},
                                                {32, 32}, {33, 48}, {37, 64}, {130, 8}, {513, 32}};

// Values are at most 1. A weight is wrong by 8e-5 from the power and by 2⁻⁹ from rounding, both relative, and the sum that
// divides carries the first only: the result by 2·8e-5 + 2⁻⁹ at most, and by a little from sums in fp32.
TEST_P(KernelsTest, AttentionInBf16IsNearAttentionInDoubles) {
  if (kernels().attention_head_bf16 == nullptr) GTEST_SKIP() << "this instruction set attends in fp32";
  for (const auto& [n, head_size] : kHeads) {
    const Head head(n, head_size, 1);
    std::vector<float> scratch, out;
    kernels().attention_head_bf16(head.Call(head.halves, scratch, out));
    for (size_t t = 0; t < n; ++t) {
      const float* q = head.floats.data() + t * 3 * head_size;
      std::vector<double> weights(n);
      double sum = 0;
      for (size_t u = 0; u < n; ++u) {
        const float* k = head.floats.data() + u * 3 * head_size + head_size;
        double score = 0;
        for (size_t d = 0; d < head_size; ++d) score += double{q[d]} * k[d];
        sum += weights[u] = std::exp(score / std::sqrt(static_cast<double>(head_size)));
      }
      for (size_t d = 0; d < head_size; ++d) {
        double expected = 0;
        for (size_t u = 0; u < n; ++u) expected += weights[u] / sum * head.floats[u * 3 * head_size + 2 * head_size + d];
        ASSERT_NEAR(out[t * head_size + d], expected, 2 * 8e-5 + std::ldexp(1.0, -9) + 1e-5) << n << " " << head_size;
      }
    }
  }
}

TEST_P(KernelsTest, AQuerysBitsDoNotDependOnTheQueriesBesideIt) {
  const auto check = [](const auto& head, const auto& rows, auto attend) {
    std::vector<float> scratch, all;
    const auto call = head.Call(rows, scratch, all);
    attend(call);
    for (size_t first = 0; first < head.n; first += 1 + head.n / 5) {
      for (size_t count : {size_t{1}, size_t{7}, size_t{17}, size_t{40}}) {
        if (first + count > head.n) continue;
        std::vector<float> some(count * head.head_size);
        auto part = call;
        part.q += first * part.q_stride;
        part.num_queries = count;
        part.out = some.data();
        attend(part);
        ASSERT_EQ(std::memcmp(some.data(), all.data() + first * head.head_size, some.size() * sizeof(float)), 0)
            << head.n << " tokens, queries " << first << " to " << first + count;
      }
    }
  };
  for (const auto& [n, head_size] : kHeads) {
    const Head head(n, head_size, 1);
    check(head, head.floats, kernels().attention_head);
    if (kernels().attention_head_bf16 != nullptr) check(head, head.halves, kernels().attention_head_bf16);
  }
}

// Products of such queries and keys are infinite, and differences of those are not numbers.
TEST_P(KernelsTest, AttentionStaysFiniteWhereScoresAreTooLarge) {
  for (float range : {1e3f, 1e15f, 1e25f}) {
    for (size_t n : {1, 2, 31, 70}) {
      Head head(n, 32, range);
      // Values of ordinary size: what counts is the weights.
      for (size_t t = 0; t < n; ++t) {
        for (size_t d = 64; d < 96; ++d) head.floats[t * 96 + d] = head.halves[t * 96 + d] = 0;
        head.floats[t * 96 + 64] = 1;
        head.halves[t * 96 + 64] = 0x3f80;
      }
      std::vector<float> scratch, out;
      kernels().attention_head(head.Call(head.floats, scratch, out));
      for (float value : out) ASSERT_TRUE(value >= 0 && value < 1.01f) << range << " " << n << " " << value;
      if (kernels().attention_head_bf16 == nullptr) continue;
      kernels().attention_head_bf16(head.Call(head.halves, scratch, out));
      for (float value : out) ASSERT_TRUE(value >= 0 && value < 1.01f) << range << " " << n << " " << value;
    }
  }
}

TEST(SelectIsaTest, TakesTheBestUnlessOneIsNamed) {
  EXPECT_EQ(*SelectIsa(""), SupportedIsas().back());
  EXPECT_EQ(*SelectIsa("baseline"), Isa::kBaseline);
}

TEST(SelectIsaTest, RefusesAnUnknownNameAndListsTheKnownOnes) {
  const auto isa = SelectIsa("avx1024");
  EXPECT_EQ(isa.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(isa.status().message()), testing::HasSubstr("baseline"));
}

}  // namespace
}  // namespace senvec
