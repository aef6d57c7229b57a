#include "encoder/torch/block_ops.h"

#include <gmock/gmock.h>

#include <functional>
#include <vector>

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

namespace senvec {
namespace {

ModelConfig Config() {
  ModelConfig config;
  config.max_position_embeddings = 64;
  config.position_offset = 0;
  return config;
}

TokenBatch Batch(const std::vector<int32_t>& lengths, AttentionMask mask = AttentionMask::kFull) {
  std::vector<int32_t> ids, types;
  for (int32_t length : lengths) {
    for (int32_t t = 0; t < length; ++t) {
      ids.push_back(1);
      types.push_back(mask == AttentionMask::kUniLm && t > length / 2 ? 1 : 0);
    }
  }
  return TokenBatch::Make(Config(), ids, types, lengths, mask);
}

// The values of a function of tensors and its gradients under fixed weights of the output.
struct Outcome {
  at::Tensor value;
  std::vector<at::Tensor> gradients;
};
using Function = std::function<at::Tensor(const std::vector<at::Tensor>&)>;

Outcome Compute(const Function& function, const std::vector<at::Tensor>& inputs) {
  std::vector<at::Tensor> leaves;
  for (const at::Tensor& input : inputs) leaves.push_back(input.detach().clone().set_requires_grad(true));
  const at::Tensor value = function(leaves);
  const at::Tensor weights =
      at::sin(at::arange(value.numel(), at::kDouble)).view(value.sizes()).to(value.scalar_type());
  return {value.detach(), torch::autograd::grad({(value * weights).to(at::kFloat).sum()}, leaves)};
}

void ExpectClose(const Outcome& got, const Outcome& wanted, double tolerance) {
  const auto close = [&](const at::Tensor& a, const at::Tensor& b) {
    const double scale = std::max(1.0, b.abs().max().item<double>());
    EXPECT_LE((a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>(), tolerance * scale);
  };
  close(got.value, wanted.value);
  ASSERT_EQ(got.gradients.size(), wanted.gradients.size());
  for (size_t i = 0; i < got.gradients.size(); ++i) {
    SCOPED_TRACE(i);
    close(got.gradients[i], wanted.gradients[i]);
  }
}

at::Tensor Values(at::IntArrayRef shape, int seed) {
  at::manual_seed(static_cast<uint64_t>(seed));
  return at::randn(shape, at::kFloat);
}

constexpr double kFp32Tolerance = 3e-6;
// Two roundings to 8 bits of values up to some 3.
constexpr double kBf16Tolerance = 0.03;

class BlockOpsTest : public testing::TestWithParam<double> {};
INSTANTIATE_TEST_SUITE_P(Dropout, BlockOpsTest, testing::Values(0.0, 0.25),
                         [](const auto& p) { return p.param == 0 ? "Off" : "On"; });

TEST(BiasActivationTest, EqualsItsReferenceInEveryActivation) {
  for (Activation activation : {Activation::kGeluErf, Activation::kGeluTanh, Activation::kRelu, Activation::kSilu,
                                Activation::kTanh, Activation::kIdentity}) {
    SCOPED_TRACE(static_cast<int>(activation));
    const std::vector<at::Tensor> inputs = {Values({101, 37}, 1) * 3, Values({37}, 2)};
    const auto fused = [&](const auto& in) { return BiasActivation(in[0], in[1], activation); };
    const auto plain = [&](const auto& in) { return reference::BiasActivation(in[0], in[1], activation); };
    ExpectClose(Compute(fused, inputs), Compute(plain, inputs), kFp32Tolerance);
  }
}

TEST_P(BlockOpsTest, ResidualNormEqualsItsReference) {
  const std::vector<at::Tensor> inputs = {Values({101, 40}, 1), Values({40}, 2), Values({101, 40}, 3),
                                          Values({40}, 4), Values({40}, 5)};
  const auto run = [&](auto function) {
    return Compute([&](const std::vector<at::Tensor>& in) {
      return function(in[0], in[1], in[2], NormArguments{in[3], in[4], 1e-12}, Drop{GetParam(), 77, 3});
    }, inputs);
  };
  ExpectClose(run(ResidualNorm), run(reference::ResidualNorm), kFp32Tolerance);
}

struct AttentionCase {
  int64_t heads, head_size;
  bool rotary, rotate_value;
  AttentionMask mask;
};

TEST_P(BlockOpsTest, AttentionEqualsItsReference) {
  for (const AttentionCase& c : {AttentionCase{3, 8, true, false, AttentionMask::kFull},
                                 AttentionCase{2, 20, true, true, AttentionMask::kFull},
                                 AttentionCase{2, 64, false, false, AttentionMask::kFull},
                                 AttentionCase{1, 7, false, false, AttentionMask::kUniLm},
                                 AttentionCase{4, 16, true, false, AttentionMask::kUniLm}}) {
    const TokenBatch batch = Batch({5, 1, 17, 40, 33, 2}, c.mask);
    const int64_t width = c.heads * c.head_size;
    AttentionShape shape{.heads = c.heads, .head_size = c.head_size, .rotate_value = c.rotate_value};
    if (c.rotary) {
      const RotaryTables tables = RotaryTables::Make(64, c.head_size, at::kFloat);
      shape.cos = tables.cos;
      shape.sin = tables.sin;
    }
    const std::vector<at::Tensor> inputs = {Values({batch.num_tokens(), 3 * width}, 1), Values({3 * width}, 2)};
    const auto run = [&](auto function) {
      return Compute([&](const std::vector<at::Tensor>& in) {
        return function(in[0], in[1], shape, batch, Drop{GetParam(), 99, 3});
      }, inputs);
    };
    ExpectClose(run(PackedAttention), run(reference::PackedAttention), kFp32Tolerance);
  }
}

TEST_P(BlockOpsTest, Bf16StaysNearFp32) {
  const TokenBatch batch = Batch({5, 1, 17, 40});
  const RotaryTables tables = RotaryTables::Make(64, 16, at::kFloat);
  const AttentionShape shape{.heads = 2, .head_size = 16, .cos = tables.cos, .sin = tables.sin};
  const auto function = [&](at::ScalarType type) {
    return [&, type](const std::vector<at::Tensor>& in) {
      const at::Tensor mixed = PackedAttention(in[0].to(type), in[1], shape, batch, {GetParam(), 3});
      const at::Tensor normed =
          ResidualNorm(mixed, in[2], in[3].to(type), NormArguments{in[4], in[5], 1e-12}, {GetParam(), 5});
      return SequenceMean(BiasActivation(normed, in[2], Activation::kGeluErf), batch).to(at::kFloat);
    };
  };
  const std::vector<at::Tensor> inputs = {Values({63, 96}, 1), Values({96}, 2), Values({32}, 3),
                                          Values({63, 32}, 4), Values({32}, 5), Values({32}, 6)};
  ExpectClose(Compute(function(at::kBFloat16), inputs), Compute(function(at::kFloat), inputs), kBf16Tolerance);
}

TEST(SequenceMeanTest, EqualsTheMeanOfEachSequence) {
  const TokenBatch batch = Batch({5, 1, 17});
  const auto fused = [&](const auto& in) { return SequenceMean(in[0], batch); };
  const std::vector<at::Tensor> inputs = {Values({23, 70}, 1)};
  const Outcome got = Compute(fused, inputs);
  const Outcome wanted = Compute([&](const auto& in) { return SequenceMean(in[0].to(at::kDouble), batch); }, inputs);
  ExpectClose(got, wanted, kFp32Tolerance);
}

}  // namespace
}  // namespace senvec
