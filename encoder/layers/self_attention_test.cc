#include "encoder/layers/self_attention.h"

#include <gmock/gmock.h>

#include <cmath>
#include <random>
#include <vector>

namespace senvec {
namespace {

constexpr int32_t kHidden = 24, kHeads = 3;

std::vector<float> Random(size_t n, uint32_t seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal(0, 0.3f);
  std::vector<float> values(n);
  for (float& value : values) value = normal(engine);
  return values;
}

class SelfAttentionTest : public testing::Test {
 protected:
  SelfAttention Make(const RotaryTable* rotary) {
    return SelfAttention(
        {.query_key_value = PackedMatrix::Pack(weight_, bias_, 3 * kHidden, kHidden, *context_),
         .output = PackedMatrix::Pack(out_weight_, out_bias_, kHidden, kHidden, *context_),
         .num_heads = kHeads,
         .rotary = rotary,
         .rotate_value = false},
        &KernelsFor(SupportedIsas().back()));
  }
  std::vector<float> Run(const SelfAttention& attention, const std::vector<float>& x,
                         const std::vector<int32_t>& offsets) {
    LayerWorkspace workspace(context_);
    std::vector<float> padded = x, out(PackedMatrix::PaddedRows(offsets.back()) * kHidden);
    padded.resize(out.size());
    attention.Forward(padded.data(), offsets, workspace, out.data());
    out.resize(offsets.back() * kHidden);
    return out;
  }

  const std::shared_ptr<GemmContext> context_ = GemmContext::Create();
  const std::vector<float> weight_ = Random(3 * kHidden * kHidden, 1), bias_ = Random(3 * kHidden, 2);
  const std::vector<float> out_weight_ = Random(kHidden * kHidden, 3), out_bias_ = Random(kHidden, 4);
};

TEST_F(SelfAttentionTest, ASentenceIsTheSameAloneAndPacked) {
  const RotaryTable rotary(64, kHidden / kHeads);
  const SelfAttention attention = Make(&rotary);
  const auto a = Random(5 * kHidden, 5), b = Random(20 * kHidden, 6);
  std::vector<float> packed = a;
  packed.insert(packed.end(), b.begin(), b.end());
  std::vector<float> expected = Run(attention, a, {0, 5});
  const auto second = Run(attention, b, {0, 20});
  expected.insert(expected.end(), second.begin(), second.end());
  EXPECT_EQ(Run(attention, packed, {0, 5, 25}), expected);
}

TEST_F(SelfAttentionTest, OneTokenAttendsToItselfSoThatOnlyItsValueCounts) {
  const SelfAttention attention = Make(nullptr);
  const auto x = Random(kHidden, 7);
  std::vector<double> value(kHidden);
  for (int o = 0; o < kHidden; ++o) {
    value[o] = bias_[2 * kHidden + o];
    for (int i = 0; i < kHidden; ++i) value[o] += double{x[i]} * weight_[(2 * kHidden + o) * kHidden + i];
  }
  const auto out = Run(attention, x, {0, 1});
  for (int o = 0; o < kHidden; ++o) {
    double expected = out_bias_[o];
    for (int i = 0; i < kHidden; ++i) expected += value[i] * out_weight_[o * kHidden + i];
    EXPECT_NEAR(out[o], expected, 1e-5);
  }
}

TEST_F(SelfAttentionTest, WithoutPositionsOrderDoesNotMatterAndWithRotaryItDoes) {
  const RotaryTable rotary(64, kHidden / kHeads);
  const auto x = Random(3 * kHidden, 8);
  std::vector<float> swapped(x.begin() + kHidden, x.begin() + 2 * kHidden);
  swapped.insert(swapped.end(), x.begin(), x.begin() + kHidden);
  swapped.insert(swapped.end(), x.begin() + 2 * kHidden, x.end());
  const auto last_row_change = [&](const SelfAttention& attention) {
    const auto a = Run(attention, x, {0, 3}), b = Run(attention, swapped, {0, 3});
    float change = 0;
    for (int i = 2 * kHidden; i < 3 * kHidden; ++i) change = std::max(change, std::abs(a[i] - b[i]));
    return change;
  };
  EXPECT_LT(last_row_change(Make(nullptr)), 1e-6);
  EXPECT_GT(last_row_change(Make(&rotary)), 1e-3);
}

}  // namespace
}  // namespace senvec
