#include "encoder/torch/transformer.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "base/json.h"
#include "encoder/weights/weight_source.h"

namespace senvec {
namespace {

// The tiny models of encoder/arch and what `transformers` computes with them.
class TransformerTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    at::set_num_threads(1);
    const std::string folder = std::string(SENVEC_SOURCE_DIR) + "/encoder/arch/testdata/" + GetParam();
    config_ = *ModelConfig::FromDirectory(folder);
    weights_ = *ModelWeights::Map(config_, *WeightSource::OpenDirectory(folder));
    cases_ = *ReadJsonFile(folder + "/expected.json");
    std::vector<int32_t> ids, types, lengths;
    for (const auto& c : cases_) {
      for (int32_t id : c["ids"]) ids.push_back(id);
      for (int32_t type : c["type_ids"]) types.push_back(type);
      lengths.push_back(static_cast<int32_t>(c["ids"].size()));
    }
    batch_ = TokenBatch::Make(config_, ids, types, lengths);
  }

  void ExpectMatches(const HiddenRows& rows, double tolerance) const {
    const at::Tensor first = rows.first.to(at::kDouble), last = rows.last.to(at::kDouble);
    int64_t row = 0;
    for (const auto& expected : cases_) {
      for (size_t t = 0; t < expected["ids"].size(); ++t, ++row) {
        for (int64_t d = 0; d < config_.hidden_size; ++d) {
          ASSERT_NEAR(first[row][d].item<double>(), expected["first"][t][d].get<double>(), tolerance);
          ASSERT_NEAR(last[row][d].item<double>(), expected["last"][t][d].get<double>(), tolerance);
        }
      }
    }
  }

  ModelConfig config_;
  ModelWeights weights_;
  TokenBatch batch_;
  nlohmann::json cases_;
};

INSTANTIATE_TEST_SUITE_P(Models, TransformerTest,
                         testing::Values("bert", "bert_fp16_gelu_new", "xlm_roberta", "roformer",
                                         "roformer_rotary_value"),
                         [](const auto& folder) { return std::string(folder.param); });

TEST_P(TransformerTest, TokenVectorsEqualThoseOfTransformers) {
  ParameterSet parameters;
  const auto model = TorchTransformer::Load(config_, weights_, &parameters);
  ASSERT_TRUE(model.ok()) << model.status();
  ExpectMatches(model->Forward(batch_, {.first_block = true}), 1e-5);
  parameters.To(at::kDouble);
  ExpectMatches(model->Forward(batch_, {.compute = at::kDouble, .first_block = true}), 1e-5);
}

// What a GPU computes, on the CPU.
TEST_P(TransformerTest, ABatchWithALayoutGivesTheSameVectors) {
  ParameterSet parameters;
  const auto model = TorchTransformer::Load(config_, weights_, &parameters);
  ASSERT_TRUE(model.ok()) << model.status();
  const HiddenRows packed = model->Forward(batch_, {.first_block = true});
  const at::Tensor means = SequenceMean(packed.last, batch_);
  parameters.PlaceForInference(at::kCPU, at::kFloat);
  batch_.Pad(at::kCPU);
  ASSERT_NE(batch_.layout, nullptr);
  const HiddenRows padded = model->Forward(batch_, {.first_block = true});
  ExpectMatches(padded, 1e-5);
  EXPECT_LT((SequenceMean(padded.last, batch_) - means).abs().max().item<double>(), 1e-5);
  parameters.PlaceForInference(at::kCPU, at::kBFloat16);
  EXPECT_EQ(parameters.Get("encoder.layer.0.attention.self.qkv.weight").scalar_type(), at::kBFloat16);
  EXPECT_EQ(parameters.Get("embeddings.word_embeddings.weight").scalar_type(), at::kFloat);
  ExpectMatches(model->Forward(batch_, {.compute = at::kBFloat16, .first_block = true}), 0.08);
}

TEST_P(TransformerTest, Bf16StaysNear) {
  ParameterSet parameters;
  const auto model = TorchTransformer::Load(config_, weights_, &parameters);
  ASSERT_TRUE(model.ok()) << model.status();
  // Values are about 1 after the last norm; the CPU engine's bf16 has 0.037 on these models.
  ExpectMatches(model->Forward(batch_, {.compute = at::kBFloat16, .first_block = true}), 0.08);
}

TEST_P(TransformerTest, EqualSeedsDropEqualValues) {
  ParameterSet parameters;
  const auto model = TorchTransformer::Load(config_, weights_, &parameters);
  ASSERT_TRUE(model.ok()) << model.status();
  const at::Tensor a = model->Forward(batch_, {.dropout = 0.2, .seed = 1}).last;
  EXPECT_TRUE(at::equal(a, model->Forward(batch_, {.dropout = 0.2, .seed = 1}).last));
  EXPECT_FALSE(at::equal(a, model->Forward(batch_, {.dropout = 0.2, .seed = 2}).last));
}

// Every parameter's slope along a fixed direction, by the chain rule and by differences, in fp64.
TEST_P(TransformerTest, GradientsEqualFiniteDifferences) {
  ParameterSet parameters;
  const auto model = TorchTransformer::Load(config_, weights_, &parameters);
  ASSERT_TRUE(model.ok()) << model.status();
  parameters.To(at::kDouble);
  const ForwardSettings settings{.dropout = 0.1, .seed = 5, .compute = at::kDouble};
  const auto loss = [&] {
    const at::Tensor rows = model->Forward(batch_, settings).last;
    return (rows * at::sin(at::arange(rows.numel(), at::kDouble)).view(rows.sizes())).sum();
  };
  loss().backward();
  for (const ParameterSet::Item& item : parameters.items()) {
    if (!item.value.grad().defined()) continue;  // the pooler
    const at::Tensor direction = at::cos(at::arange(item.value.numel(), at::kDouble)).view(item.value.sizes());
    const double slope = (item.value.grad() * direction).sum().item<double>();
    constexpr double kStep = 1e-6;
    at::Tensor values = item.value.detach();
    values.add_(direction, kStep);
    const double above = loss().item<double>();
    values.sub_(direction, 2 * kStep);
    const double below = loss().item<double>();
    values.add_(direction, kStep);
    EXPECT_NEAR((above - below) / (2 * kStep), slope, 1e-5 * std::max(1.0, std::abs(slope))) << item.name;
  }
}

}  // namespace
}  // namespace senvec
