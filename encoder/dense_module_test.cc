#include "encoder/dense_module.h"

#include <gmock/gmock.h>

#include <cmath>
#include <vector>

#include "base/file.h"
#include "encoder/weights/safetensors_writer.h"
#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

using testing::HasSubstr;

const std::vector<float> kWeight = {1, 2, 3, 0, -1, 0.5f};  // 2 × 3
const std::vector<float> kBias = {0.25f, -0.5f};

void WriteModule(const TempDir& folder, const std::string& config, bool bias) {
  const auto bytes = [](const std::vector<float>& values) {
    return absl::string_view(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
  };
  std::vector<TensorView> tensors = {{"linear.weight", DType::kF32, {2, 3}, bytes(kWeight)}};
  if (bias) tensors.push_back({"linear.bias", DType::kF32, {2}, bytes(kBias)});
  ASSERT_TRUE(WriteSafetensors(folder / "model.safetensors", tensors, {}).ok());
  ASSERT_TRUE(WriteFileAtomically(folder / "config.json", config).ok());
}

std::vector<float> Forward(const TempDir& folder) {
  const auto module = DenseModule::Load(folder.path(), KernelsFor(Isa::kBaseline));
  EXPECT_TRUE(module.ok()) << module.status();
  Team team;
  LayerWorkspace workspace;
  workspace.team = &team;
  const std::vector<float> x = {0.1f, -0.2f, 0.3f};
  std::vector<float> y(2);
  module->Forward(x.data(), 1, workspace, y.data());
  return y;
}

TEST(DenseModuleTest, AppliesWeightBiasAndTanh) {
  const TempDir folder;
  WriteModule(folder, R"({"in_features":3,"out_features":2,"bias":true,
                          "activation_function":"torch.nn.modules.activation.Tanh"})", true);
  const auto y = Forward(folder);
  EXPECT_NEAR(y[0], std::tanh(0.1 - 0.4 + 0.9 + 0.25), 1e-6);
  EXPECT_NEAR(y[1], std::tanh(0.2 + 0.15 - 0.5), 1e-6);
}

TEST(DenseModuleTest, IdentityWithoutBias) {
  const TempDir folder;
  WriteModule(folder, R"({"in_features":3,"out_features":2,"bias":false,
                          "activation_function":"torch.nn.modules.linear.Identity"})", false);
  const auto y = Forward(folder);
  EXPECT_NEAR(y[0], 0.6, 1e-6);
  EXPECT_NEAR(y[1], 0.35, 1e-6);
}

TEST(DenseModuleTest, NamesWhatDoesNotFit) {
  const TempDir folder;
  WriteModule(folder, R"({"in_features":4,"out_features":2})", true);
  const auto wrong = DenseModule::Load(folder.path(), KernelsFor(Isa::kBaseline));
  EXPECT_THAT(std::string(wrong.status().message()), testing::AllOf(HasSubstr("[2, 3]"), HasSubstr("[2, 4]")));
  WriteModule(folder, R"({"in_features":3,"out_features":2})", false);
  const auto missing = DenseModule::Load(folder.path(), KernelsFor(Isa::kBaseline));
  EXPECT_THAT(std::string(missing.status().message()), HasSubstr("linear.bias is missing"));
}

}  // namespace
}  // namespace senvec
