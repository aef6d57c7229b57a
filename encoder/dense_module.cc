#include "encoder/dense_module.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/json.h"
#include "base/status_macros.h"
#include "encoder/arch/layer_builder.h"
#include "encoder/weights/weight_source.h"

namespace senvec {
namespace {

// "torch.nn.modules.activation.Tanh" → "tanh", "torch.nn.modules.linear.Identity" → "identity".
std::string ShortName(const std::string& qualified) {
  return absl::AsciiStrToLower(qualified.substr(qualified.rfind('.') + 1));
}

absl::StatusOr<std::vector<float>> Tensor(const WeightSource& source, const std::string& folder,
                                          const char* name, const std::vector<int64_t>& shape) {
  const TensorView* tensor = source.Find(name);
  if (tensor == nullptr || tensor->shape != shape) {
    return absl::InvalidArgumentError(
        absl::StrCat(JoinPath(folder, "model.safetensors"), ": tensor ", name, " ",
                     tensor == nullptr ? "is missing" : "has shape " + ShapeString(tensor->shape), "; config.json asks for ",
                     ShapeString(shape)));
  }
  return LoadFloats(*tensor);
}

}  // namespace

absl::StatusOr<DenseModule> DenseModule::Load(const std::string& folder, const Kernels& kernels) {
  const std::string path = JoinPath(folder, "config.json");
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json config, ReadJsonFile(path));
  SENVEC_ASSIGN_OR_RETURN(const int64_t in, JsonInt(config, "in_features", path));
  SENVEC_ASSIGN_OR_RETURN(const int64_t out, JsonInt(config, "out_features", path));
  constexpr int64_t kMaxWidth = 1 << 16;
  if (in < 1 || in > kMaxWidth || out < 1 || out > kMaxWidth) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": in_features ", in, " and out_features ", out,
                                                   " must be in [1, ", kMaxWidth, "]"));
  }
  SENVEC_ASSIGN_OR_RETURN(const bool has_bias, JsonBoolOr(config, "bias", true, path));
  SENVEC_ASSIGN_OR_RETURN(const std::string name,
                          JsonStringOr(config, "activation_function", "torch.nn.modules.activation.Tanh", path));
  SENVEC_ASSIGN_OR_RETURN(const Activation activation,
                          ParseActivation(ShortName(name), absl::StrCat(path, ": \"activation_function\"")));
  SENVEC_ASSIGN_OR_RETURN(const auto source, WeightSource::OpenSafetensors(JoinPath(folder, "model.safetensors")));
  SENVEC_ASSIGN_OR_RETURN(const std::vector<float> weight, Tensor(*source, folder, "linear.weight", {out, in}));
  std::vector<float> bias;
  if (has_bias) {
    SENVEC_ASSIGN_OR_RETURN(bias, Tensor(*source, folder, "linear.bias", {out}));
  }
  return DenseModule(PackedMatrix::Pack(weight, bias, out, in, Precision::kFp32, kernels),
                     ActivationKernel(activation, Precision::kFp32, kernels));
}

void DenseModule::Forward(const float* x, int64_t rows, LayerWorkspace& workspace, float* y) const {
  workspace.Convert(matrix_.kernels(), Precision::kFp32, x, rows, matrix_.in(), workspace.first);
  workspace.Multiply(matrix_, workspace.first, activation_, {.fp32 = y});
}

}  // namespace senvec
