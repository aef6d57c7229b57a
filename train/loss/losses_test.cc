#include <gmock/gmock.h>

#include <functional>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include "base/json.h"
#include "train/loss/class_losses.h"
#include "train/loss/contrastive_losses.h"
#include "train/loss/distill_loss.h"
#include "train/loss/pair_losses.h"

namespace senvec {
namespace {

// What scripts/make_loss_vectors.py computed in fp64.
const nlohmann::json& Data() {
  static const nlohmann::json& data = *new nlohmann::json(*ReadJsonFile(std::string(SENVEC_TESTDATA) + "/losses.json"));
  return data;
}

at::Tensor Input(const char* name) {
  const nlohmann::json& values = Data()["inputs"][name];
  std::vector<int64_t> shape = {static_cast<int64_t>(values.size())};
  std::vector<double> flat;
  if (values[0].is_array()) {
    shape.push_back(static_cast<int64_t>(values[0].size()));
    for (const auto& row : values) {
      for (double value : row) flat.push_back(value);
    }
  } else {
    for (double value : values) flat.push_back(value);
  }
  return at::tensor(flat, at::kDouble).view(shape);
}
at::Tensor Targets() { return Input("targets").to(at::kLong); }

ContrastiveInput Contrast(const at::Tensor& a, const at::Tensor& b, const at::Tensor& negatives, bool both_ways) {
  return {.a = a,
          .b = b,
          .negatives = negatives,
          .same = Input("same").to(at::kBool),
          .same_back = Input("same_back").to(at::kBool),
          .both_ways = both_ways};
}

using Tensors = std::vector<at::Tensor>;
struct Case {
  const char* name;                 // of "losses"
  std::vector<const char*> inputs;  // that have gradients
  std::function<at::Tensor(const Tensors&)> loss;
};

std::vector<Case> Cases() {
  return {
      {"cosent_binary", {"a", "b"}, [](const Tensors& x) { return CoSentLoss(RowCosines(x[0], x[1]), Input("binary"), 20); }},
      {"cosent_graded", {"a", "b"}, [](const Tensors& x) { return CoSentLoss(RowCosines(x[0], x[1]), Input("graded"), 20); }},
      {"cosine", {"a", "b"}, [](const Tensors& x) { return CosineLoss(RowCosines(x[0], x[1]), Input("binary")); }},
      {"contrastive", {"a", "b", "negatives"}, [](const Tensors& x) { return ContrastiveLoss(Contrast(x[0], x[1], x[2], false)); }},
      {"contrastive_both_ways", {"a", "b", "negatives"}, [](const Tensors& x) { return ContrastiveLoss(Contrast(x[0], x[1], x[2], true)); }},
      {"flatnce", {"a", "b", "negatives"}, [](const Tensors& x) { return FlatNceLoss(Contrast(x[0], x[1], x[2], false)); }},
      {"flatnce_both_ways", {"a", "b", "negatives"}, [](const Tensors& x) { return FlatNceLoss(Contrast(x[0], x[1], x[2], true)); }},
      {"cross_entropy", {"logits"}, [](const Tensors& x) { return CrossEntropyLoss(x[0], Targets()); }},
      {"exact", {"logits"}, [](const Tensors& x) { return ExactLoss(x[0], Targets()); }},
      {"am_softmax", {"a", "classes"}, [](const Tensors& x) { return AmSoftmaxLoss(x[0], x[1], Targets(), 30, 0.35); }},
      {"softmax", {"a", "classes"}, [](const Tensors& x) { return AmSoftmaxLoss(x[0], x[1], Targets(), 30, 0); }},
      {"distill", {"a"}, [](const Tensors& x) { return DistillLoss(x[0], Input("teachers"), 10); }},
  };
}

Tensors Leaves(const Case& c, at::ScalarType type) {
  Tensors leaves;
  for (const char* name : c.inputs) leaves.push_back(Input(name).to(type).set_requires_grad(true));
  return leaves;
}

class LossTest : public testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(All, LossTest, testing::ValuesIn(Cases()), [](const auto& c) { return std::string(c.param.name); });

TEST_P(LossTest, EqualsItsReference) {
  const double wanted = Data()["losses"][GetParam().name].get<double>();
  EXPECT_NEAR(GetParam().loss(Leaves(GetParam(), at::kDouble)).item<double>(), wanted, 1e-9 * std::max(1.0, std::abs(wanted)));
}

TEST_P(LossTest, InFp32StaysNearItsReference) {
  const double wanted = Data()["losses"][GetParam().name].get<double>();
  EXPECT_NEAR(GetParam().loss(Leaves(GetParam(), at::kFloat)).item<double>(), wanted, 1e-5 * std::max(1.0, std::abs(wanted)));
}

TEST_P(LossTest, GradientsEqualFiniteDifferences) {
  const Tensors leaves = Leaves(GetParam(), at::kDouble);
  const Tensors gradients = torch::autograd::grad({GetParam().loss(leaves)}, leaves);
  constexpr double kStep = 1e-6;
  for (size_t i = 0; i < leaves.size(); ++i) {
    at::Tensor values = leaves[i].detach().view({-1});
    for (int64_t k = 0; k < values.numel(); ++k) {
      double* value = values.data_ptr<double>() + k;
      const double before = *value;
      *value = before + kStep;
      const double above = GetParam().loss(leaves).item<double>();
      *value = before - kStep;
      const double below = GetParam().loss(leaves).item<double>();
      *value = before;
      const double slope = gradients[i].view({-1})[k].item<double>();
      ASSERT_NEAR((above - below) / (2 * kStep), slope, 1e-6 * std::max(1.0, std::abs(slope))) << GetParam().inputs[i] << " " << k;
    }
  }
}

TEST(CoSentLossTest, IsZeroWhereNothingIsOrdered) {
  EXPECT_EQ(CoSentLoss(at::randn({5}, at::kDouble), at::ones({5}, at::kDouble), 20).item<double>(), 0);
}

TEST(CoSentLossTest, DoesNotOverflowInFp32) {
  const at::Tensor scores = at::tensor({-1.0f, 1.0f}), labels = at::tensor({1.0f, 0.0f});
  EXPECT_NEAR(CoSentLoss(scores, labels, 100).item<double>(), 200, 1e-3);
}

TEST(RowCosinesTest, AVectorOfLengthZeroHasCosineZeroAndAFiniteGradient) {
  at::Tensor a = at::zeros({1, 4}, at::kDouble).set_requires_grad(true);
  const at::Tensor cosine = RowCosines(a, at::ones({1, 4}, at::kDouble)).sum();
  EXPECT_EQ(cosine.item<double>(), 0);
  EXPECT_TRUE(torch::autograd::grad({cosine}, {a})[0].isfinite().all().item<bool>());
}

TEST(AdaptiveMarginTest, IsTwiceTheMeanDistanceFromTheClassUpToALimit) {
  const double wanted = Data()["losses"]["adaptive_margin"].get<double>();
  EXPECT_NEAR(AdaptiveMargin(Input("a"), Input("classes"), Targets(), 100), wanted, 1e-9);
  EXPECT_EQ(AdaptiveMargin(Input("a"), Input("classes"), Targets(), 0.35), 0.35);
}

TEST(CenteredTargetsTest, TakesAShareOfTheMeanOffAndNormalizes) {
  const at::Tensor got = CenteredTargets(Input("b"), Input("mean"), 0.9);
  EXPECT_LE((got - Input("teachers")).abs().max().item<double>(), 1e-12);
}

}  // namespace
}  // namespace senvec
