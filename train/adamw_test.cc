#include "train/adamw.h"

#include <gmock/gmock.h>

#include <cmath>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "base/json.h"

namespace senvec {
namespace {

// What scripts/make_adamw_vectors.py had torch.optim.AdamW compute in fp64.
const nlohmann::json& Data() {
  static const nlohmann::json& data = *new nlohmann::json(*ReadJsonFile(std::string(SENVEC_TESTDATA) + "/adamw.json"));
  return data;
}

at::Tensor ToTensor(const nlohmann::json& values) {
  if (!values[0].is_array()) return at::tensor(values.get<std::vector<float>>(), at::kFloat);
  std::vector<at::Tensor> rows;
  for (const auto& row : values) rows.push_back(ToTensor(row));
  return at::stack(rows);
}

OptimizerConfig Settings() {
  const nlohmann::json& settings = Data()["settings"];
  OptimizerConfig config;
  config.learning_rate = settings["learning_rate"];
  config.warmup_steps = settings["warmup_steps"];
  config.lowest_share = settings["lowest_share"];
  config.weight_decay = settings["weight_decay"];
  config.clip_norm = settings["clip_norm"];
  config.ema = settings["ema"];
  config.beta1 = settings["beta1"];
  config.beta2 = settings["beta2"];
  config.epsilon = settings["epsilon"];
  return config;
}

void ExpectNear(const at::Tensor& got, const nlohmann::json& wanted, const std::string& what) {
  EXPECT_LE((got.detach() - ToTensor(wanted)).abs().max().item<double>(), 2e-6) << what;
}

TEST(AdamWTest, WarmUpClippingDecayAndAveragesGiveWhatTorchGives) {
  const OptimizerConfig config = Settings();
  ParameterSet parameters;
  for (const char* name : {"matrix", "bias"}) parameters.Add(name, ToTensor(Data()["start"][name]));
  AdamW optimizer(config, 1, &parameters);
  const nlohmann::json& steps = Data()["steps"];
  for (size_t step = 0; step < steps.size(); ++step) {
    SCOPED_TRACE(step);
    const auto& items = parameters.items();
    for (const auto& item : items) item.value.mutable_grad() = ToTensor(steps[step]["gradients"][item.name]);
    const double rate =
        LearningRateAt(config, static_cast<int64_t>(step), static_cast<int64_t>(steps.size())), norm = optimizer.GradientNorm();
    EXPECT_NEAR(rate, steps[step]["learning_rate"].get<double>(), 1e-15);
    EXPECT_NEAR(norm, steps[step]["norm"].get<double>(), 1e-6);
    optimizer.Step(static_cast<int64_t>(step), rate, norm);
    for (size_t i = 0; i < items.size(); ++i) {
      ExpectNear(items[i].value, steps[step]["values"][items[i].name], items[i].name);
      ExpectNear(optimizer.averages()[i], steps[step]["averages"][items[i].name], "average of " + items[i].name);
    }
  }
}

TEST(AdamWTest, AParameterWithoutAGradientStaysAsItIs) {
  ParameterSet parameters;
  parameters.Add("matrix", at::ones({2, 2}));
  AdamW optimizer(Settings(), 1, &parameters);
  optimizer.Step(0, 0.1, optimizer.GradientNorm());
  EXPECT_TRUE(at::equal(parameters.Get("matrix").detach(), at::ones({2, 2})));
}

// Long tensors are shared out in pieces.
TEST(AdamWTest, EveryValueOfALongTensorMovesAlike) {
  constexpr int64_t kMany = (1 << 17) + 5;
  ParameterSet parameters;
  parameters.Add("row", at::ones({1, kMany}));
  AdamW optimizer(Settings(), 1, &parameters);
  parameters.Get("row").mutable_grad() = at::full({1, kMany}, 0.5);
  EXPECT_NEAR(optimizer.GradientNorm(), 0.5 * std::sqrt(static_cast<double>(kMany)), 1e-6);
  optimizer.Step(0, 0.1, optimizer.GradientNorm());
  const at::Tensor moved = parameters.Get("row").detach();
  EXPECT_LT(moved.max().item<float>(), 1);
  EXPECT_LE((moved.max() - moved.min()).item<double>(), 1e-6);
}

}  // namespace
}  // namespace senvec
