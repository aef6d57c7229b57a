#include "encoder/arch/encoder_model.h"

#include <gmock/gmock.h>

#include <cstring>
#include <vector>

#include "base/json.h"
#include "base/team.h"
#include "base/thread_pool.h"

namespace senvec {
namespace {

// The folders that scripts/make_tiny_models.py writes.
class EncoderModelTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { LoadWith(SupportedIsas().back(), Precision::kFp32); }

  void LoadWith(Isa isa, Precision precision) {
    const std::string folder = std::string(SENVEC_TESTDATA) + "/" + GetParam();
    const auto config = ModelConfig::FromDirectory(folder);
    ASSERT_TRUE(config.ok()) << config.status();
    auto source = WeightSource::OpenDirectory(folder);
    ASSERT_TRUE(source.ok()) << source.status();
    const auto weights = ModelWeights::Map(*config, *source);
    ASSERT_TRUE(weights.ok()) << weights.status();
    weights_ = *weights;
    kernels_ = &KernelsFor(isa);
    auto model = EncoderModel::Load(*config, *weights, precision, kernels_);
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
  HiddenStates Run(const PackedBatch& batch, const ForwardOptions& options = {.first_block = true}) const {
    Team team;
    LayerWorkspace workspace;
    workspace.team = &team;
    HiddenStates states;
    model_->Forward(batch, options, workspace, states);
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

  const Kernels* kernels_ = nullptr;
  ModelWeights weights_;
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
    ASSERT_NO_FATAL_FAILURE(LoadWith(isa, Precision::kFp32));
    ExpectMatches(Run(Batch({0, 1, 2, 3, 4})));
  }
}

// Norms keep values at about 1, so that a wrong term shows as an error of that size. The largest errors seen over the
// five models and all instruction sets are 0.037 in bf16 and 0.106 in int8.
TEST_P(EncoderModelTest, OtherPrecisionsStayNearTransformersAtEveryInstructionSet) {
  for (const auto& [precision, tolerance] : {std::pair{Precision::kBf16, 0.06}, std::pair{Precision::kInt8, 0.15}}) {
    for (Isa isa : SupportedIsas()) {
      SCOPED_TRACE(std::string(IsaName(isa)) + " " + std::string(PrecisionName(precision)));
      ASSERT_NO_FATAL_FAILURE(LoadWith(isa, precision));
      const HiddenStates states = Run(Batch({0, 1, 2, 3, 4}));
      const int64_t hidden = model_->config().hidden_size;
      int64_t row = 0;
      for (const auto& expected : cases_) {
        for (size_t t = 0; t < expected["ids"].size(); ++t, ++row) {
          for (int64_t d = 0; d < hidden; ++d) {
            ASSERT_NEAR(states.last[row * hidden + d], expected["last"][t][d].get<double>(), tolerance);
          }
        }
      }
    }
  }
}

TEST_P(EncoderModelTest, ASentenceHasTheSameBitsAloneInAnyBatchAndWithATeam) {
  const std::vector<size_t> order = {4, 2, 3, 2, 0, 1};
  for (Precision precision : {Precision::kFp32, Precision::kBf16, Precision::kInt8}) {
    ASSERT_NO_FATAL_FAILURE(LoadWith(SupportedIsas().back(), precision));
    const int64_t hidden = model_->config().hidden_size;
    const PackedBatch mixed = Batch(order);
    const HiddenStates together = Run(mixed);
    HiddenStates by_team;
    ThreadPool pool(3);
    Team::Run(pool, [&](Team& team) {
      LayerWorkspace workspace;
      workspace.team = &team;
      model_->Forward(mixed, {.first_block = true}, workspace, by_team);
    });
    const size_t all = mixed.offsets.back() * hidden * sizeof(float);
    EXPECT_EQ(std::memcmp(together.last.data(), by_team.last.data(), all), 0);
    const HiddenStates first_only = Run(mixed, {.first_tokens_only = true});
    for (size_t s = 0; s < order.size(); ++s) {
      const HiddenStates alone = Run(Batch({order[s]}));
      const size_t size = (mixed.offsets[s + 1] - mixed.offsets[s]) * hidden * sizeof(float);
      EXPECT_EQ(std::memcmp(together.last.data() + mixed.offsets[s] * hidden, alone.last.data(), size), 0);
      EXPECT_EQ(std::memcmp(first_only.last.data() + s * hidden, alone.last.data(), hidden * sizeof(float)), 0);
    }
  }
}

TEST_P(EncoderModelTest, SamplesGiveTheStatesOfAnFp32ModelAndNearerInt8) {
  const PackedBatch batch = Batch({1, 3, 0, 2, 4});
  const HiddenStates expected = Run(batch);
  Team team;
  LayerWorkspace workspace;
  workspace.team = &team;
  HiddenStates states;
  const EncoderModel::Samples samples = {.batch = &batch, .options = {.first_block = true}, .workspace = &workspace,
                                         .states = &states};
  const auto model = EncoderModel::Load(model_->config(), weights_, Precision::kInt8, kernels_, &samples);
  ASSERT_TRUE(model.ok()) << model.status();
  const size_t size = batch.offsets.back() * model_->config().hidden_size;
  EXPECT_EQ(std::memcmp(states.last.data(), expected.last.data(), size * sizeof(float)), 0);
  EXPECT_EQ(std::memcmp(states.first.data(), expected.first.data(), size * sizeof(float)), 0);
  (*model)->Forward(batch, {}, workspace, states);
  for (size_t i = 0; i < size; ++i) ASSERT_NEAR(states.last[i], expected.last[i], 0.15);
}

TEST_P(EncoderModelTest, PoolerEqualsTheReferenceWhereTheCheckpointHasOne) {
  const int64_t hidden = model_->config().hidden_size;
  ASSERT_EQ(model_->has_pooler(), !cases_[0]["pooler"].empty());
  if (!model_->has_pooler()) return;
  Team team;
  LayerWorkspace workspace;
  workspace.team = &team;
  for (size_t i = 0; i < cases_.size(); ++i) {
    const HiddenStates states = Run(Batch({i}));
    std::vector<float> pooled(hidden);
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
