#include "encoder/arch/encoder_model.h"

#include <gmock/gmock.h>

#include <cstring>
#include <vector>

#include "base/json.h"

namespace senvec {
namespace {

// The folders that scripts/make_tiny_models.py writes.
class EncoderModelTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { LoadWith(SupportedIsas().back()); }

  void LoadWith(Isa isa) {
    const std::string folder = std::string(SENVEC_TESTDATA) + "/" + GetParam();
    const auto config = ModelConfig::FromDirectory(folder);
    ASSERT_TRUE(config.ok()) << config.status();
    auto source = WeightSource::OpenDirectory(folder);
    ASSERT_TRUE(source.ok()) << source.status();
    const auto weights = ModelWeights::Map(*config, *source);
    ASSERT_TRUE(weights.ok()) << weights.status();
    context_ = GemmContext::Create();
    auto model = EncoderModel::Load(*config, *weights, context_, &KernelsFor(isa));
    ASSERT_TRUE(model.ok()) << model.status();
    model_ = *std::move(model);
    cases_ = *ReadJsonFile(folder + "/expected.json");
  }

  // The batch of the given cases, in this order.
  PackedBatch Batch(const std::vector<size_t>& order) const {
    PackedBatch batch;
    batch.offsets = {0};
    for (size_t i : order) {
      for (int32_t id : cases_[i]["ids"]) batch.ids.push_back(id);
      for (int32_t type : cases_[i]["type_ids"]) batch.type_ids.push_back(type);
      batch.offsets.push_back(static_cast<int32_t>(batch.ids.size()));
    }
    return batch;
  }
  HiddenStates Run(const PackedBatch& batch) const {
    LayerWorkspace workspace(context_);
    HiddenStates states;
    model_->Forward(batch, true, workspace, states);
    return states;
  }

  // Values are about 1 after the last norm. Each of the handful of sums before it, up to 40 long, has an error of
  // 40·2⁻²⁴ ≈ 2.4e-6 at most, typically a tenth of that.
  static constexpr double kTolerance = 1e-5;

  void ExpectMatches(const HiddenStates& states) const {
    const int64_t hidden = model_->config().hidden_size;
    int64_t row = 0;
    for (const auto& expected : cases_) {
      for (size_t t = 0; t < expected["ids"].size(); ++t, ++row) {
        for (int64_t d = 0; d < hidden; ++d) {
          ASSERT_NEAR(states.first[row * hidden + d], expected["first"][t][d].get<double>(), kTolerance);
          ASSERT_NEAR(states.last[row * hidden + d], expected["last"][t][d].get<double>(), kTolerance);
        }
      }
    }
  }

  std::shared_ptr<GemmContext> context_;
  std::unique_ptr<const EncoderModel> model_;
  nlohmann::json cases_;
};

INSTANTIATE_TEST_SUITE_P(Models, EncoderModelTest,
                         testing::Values("bert", "bert_fp16_gelu_new", "xlm_roberta", "roformer",
                                         "roformer_rotary_value"),
                         [](const auto& folder) { return std::string(folder.param); });

TEST_P(EncoderModelTest, TokenVectorsEqualThoseOfTransformersAtEveryInstructionSet) {
  for (Isa isa : SupportedIsas()) {
    SCOPED_TRACE(std::string(IsaName(isa)));
    ASSERT_NO_FATAL_FAILURE(LoadWith(isa));
    ExpectMatches(Run(Batch({0, 1, 2, 3, 4})));
  }
}

TEST_P(EncoderModelTest, ASentenceHasTheSameBitsAloneAndInAnyBatch) {
  const int64_t hidden = model_->config().hidden_size;
  const PackedBatch mixed = Batch({4, 2, 3, 2, 0, 1});
  const HiddenStates together = Run(mixed);
  const std::vector<size_t> order = {4, 2, 3, 2, 0, 1};
  for (size_t s = 0; s < order.size(); ++s) {
    const HiddenStates alone = Run(Batch({order[s]}));
    const size_t size = (mixed.offsets[s + 1] - mixed.offsets[s]) * hidden;
    EXPECT_EQ(std::memcmp(together.last.data() + mixed.offsets[s] * hidden, alone.last.data(), size * sizeof(float)), 0);
  }
}

TEST_P(EncoderModelTest, PoolerEqualsTheReferenceWhereTheCheckpointHasOne) {
  const int64_t hidden = model_->config().hidden_size;
  ASSERT_EQ(model_->has_pooler(), !cases_[0]["pooler"].empty());
  if (!model_->has_pooler()) return;
  LayerWorkspace workspace(context_);
  for (size_t i = 0; i < cases_.size(); ++i) {
    HiddenStates states = Run(Batch({i}));
    states.last.resize(PackedMatrix::kRowBlock * hidden);
    std::vector<float> pooled(PackedMatrix::kRowBlock * hidden);
    model_->Pool(states.last.data(), 1, workspace, pooled.data());
    for (int64_t d = 0; d < hidden; ++d) {
      EXPECT_NEAR(pooled[d], cases_[i]["pooler"][d].get<double>(), 2 * kTolerance);
    }
  }
}

TEST_P(EncoderModelTest, RobertaPositionsStartAfterThePadding) {
  const int32_t reserved = std::string(GetParam()) == "xlm_roberta" ? 2 : 0;
  EXPECT_EQ(model_->max_tokens(), model_->config().max_position_embeddings - reserved);
}

}  // namespace
}  // namespace senvec
