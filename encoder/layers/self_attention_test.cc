#include "encoder/layers/self_attention.h"

#include <gmock/gmock.h>

#include <cmath>
#include <random>
#include <string>
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

class SelfAttentionTest : public testing::TestWithParam<Precision> {
 protected:
  SelfAttention Make(const RotaryTable* rotary) {
    return SelfAttention(
        {.query_key_value = PackedMatrix::Pack(weight_, bias_, 3 * kHidden, kHidden, GetParam(), kernels_),
         .output = PackedMatrix::Pack(out_weight_, out_bias_, kHidden, kHidden, GetParam(), kernels_),
         .num_heads = kHeads,
         .rotary = rotary,
         .rotate_value = false},
        &kernels_);
  }
  std::vector<float> Run(const SelfAttention& attention, const std::vector<float>& x,
                         const std::vector<int32_t>& offsets) {
    std::vector<float> out(offsets.back() * kHidden);
    workspace_.team = &team_;
    workspace_.Convert(kernels_, GetParam(), x.data(), offsets.back(), kHidden, workspace_.input);
    attention.Forward(workspace_.input, offsets, workspace_, out.data());
    return out;
  }
  std::vector<float> RunFirst(const SelfAttention& attention, const std::vector<float>& x,
                              const std::vector<int32_t>& offsets) {
    std::vector<float> first, out((offsets.size() - 1) * kHidden);
    for (size_t s = 0; s + 1 < offsets.size(); ++s) {
      first.insert(first.end(), x.begin() + offsets[s] * kHidden, x.begin() + (offsets[s] + 1) * kHidden);
    }
    workspace_.team = &team_;
    workspace_.Convert(kernels_, GetParam(), x.data(), offsets.back(), kHidden, workspace_.input);
    workspace_.Convert(kernels_, GetParam(), first.data(), offsets.size() - 1, kHidden, workspace_.first);
    attention.ForwardFirst(workspace_.input, workspace_.first, offsets, workspace_, out.data());
    return out;
  }

  // What rounding in this precision may change in a value of about 1.
  double Tolerance() const {
    return GetParam() == Precision::kFp32 ? 1e-5 : GetParam() == Precision::kBf16 ? 0.05 : 0.1;
  }

  const Kernels& kernels_ = KernelsFor(SupportedIsas().back());
  Team team_;
  LayerWorkspace workspace_;
  const std::vector<float> weight_ = Random(3 * kHidden * kHidden, 1), bias_ = Random(3 * kHidden, 2);
  const std::vector<float> out_weight_ = Random(kHidden * kHidden, 3), out_bias_ = Random(kHidden, 4);
};

INSTANTIATE_TEST_SUITE_P(Precisions, SelfAttentionTest,
                         testing::Values(Precision::kFp32, Precision::kBf16, Precision::kInt8),
                         [](const auto& precision) { return std::string(PrecisionName(precision.param)); });

TEST_P(SelfAttentionTest, FirstTokensAloneHaveTheBitsTheyHaveAmongAll) {
  const RotaryTable rotary(64, kHidden / kHeads);
  for (const RotaryTable* table : {static_cast<const RotaryTable*>(nullptr), &rotary}) {
    const SelfAttention attention = Make(table);
    const auto x = Random(25 * kHidden, 9);
    const auto all = Run(attention, x, {0, 5, 6, 25});
    std::vector<float> expected;
    for (int row : {0, 5, 6}) {
      expected.insert(expected.end(), all.begin() + row * kHidden, all.begin() + (row + 1) * kHidden);
    }
    EXPECT_EQ(RunFirst(attention, x, {0, 5, 6, 25}), expected);
  }
}

TEST_P(SelfAttentionTest, ASentenceIsTheSameAloneAndPacked) {
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

TEST_P(SelfAttentionTest, OneTokenAttendsToItselfSoThatOnlyItsValueCounts) {
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
    EXPECT_NEAR(out[o], expected, Tolerance());
  }
}

TEST_P(SelfAttentionTest, WithoutPositionsOrderDoesNotMatterAndWithRotaryItDoes) {
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
  EXPECT_LT(last_row_change(Make(nullptr)), Tolerance() / 10);
  if (GetParam() == Precision::kFp32) {
    EXPECT_GT(last_row_change(Make(&rotary)), 1e-3);
  }
}

}  // namespace
}  // namespace senvec
