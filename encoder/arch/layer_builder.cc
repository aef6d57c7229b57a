#include "encoder/arch/layer_builder.h"

#include <utility>

#include "base/check.h"
#include "base/status_macros.h"

namespace senvec {

absl::StatusOr<std::vector<float>> LoadFloats(const TensorView& tensor) {
  std::vector<float> values(tensor.num_elements());
  SENVEC_RETURN_IF_ERROR(ToFloat(tensor, absl::MakeSpan(values)));
  return values;
}

absl::StatusOr<NormParameters> LoadNorm(const NormWeights& norm, float epsilon) {
  NormParameters parameters{.weight = {}, .bias = {}, .epsilon = epsilon};
  SENVEC_ASSIGN_OR_RETURN(parameters.weight, LoadFloats(norm.weight));
  SENVEC_ASSIGN_OR_RETURN(parameters.bias, LoadFloats(norm.bias));
  return parameters;
}

absl::StatusOr<PackedMatrix> LoadMatrix(absl::Span<const LinearWeights> layers, GemmContext& context) {
  std::vector<float> weight, bias;
  for (const LinearWeights& layer : layers) {
    SENVEC_ASSIGN_OR_RETURN(const std::vector<float> layer_weight, LoadFloats(layer.weight));
    SENVEC_ASSIGN_OR_RETURN(const std::vector<float> layer_bias, LoadFloats(layer.bias));
    weight.insert(weight.end(), layer_weight.begin(), layer_weight.end());
    bias.insert(bias.end(), layer_bias.begin(), layer_bias.end());
  }
  return PackedMatrix::Pack(weight, bias, static_cast<int64_t>(bias.size()), layers[0].weight.shape[1], context);
}

ActivationFunction ActivationKernel(Activation activation, const Kernels& kernels) {
  switch (activation) {
    case Activation::kGeluErf:
      return kernels.gelu_erf;
    case Activation::kGeluTanh:
      return kernels.gelu_tanh;
    case Activation::kRelu:
      return kernels.relu;
    case Activation::kSilu:
      return kernels.silu;
    case Activation::kTanh:
      return kernels.tanh;
    case Activation::kIdentity:
      return nullptr;
  }
  SENVEC_CHECK(false && "unknown Activation");
}

absl::StatusOr<TransformerLayer> LoadLayer(const ModelConfig& config, const LayerWeights& weights,
                                           const RotaryTable* rotary, GemmContext& context,
                                           const Kernels* kernels) {
  SENVEC_ASSIGN_OR_RETURN(PackedMatrix query_key_value,
                          LoadMatrix({weights.query, weights.key, weights.value}, context));
  SENVEC_ASSIGN_OR_RETURN(PackedMatrix attention_output, LoadMatrix({weights.attention_output}, context));
  SENVEC_ASSIGN_OR_RETURN(NormParameters attention_norm, LoadNorm(weights.attention_norm, config.layer_norm_eps));
  SENVEC_ASSIGN_OR_RETURN(PackedMatrix intermediate, LoadMatrix({weights.intermediate}, context));
  SENVEC_ASSIGN_OR_RETURN(PackedMatrix output, LoadMatrix({weights.output}, context));
  SENVEC_ASSIGN_OR_RETURN(NormParameters output_norm, LoadNorm(weights.output_norm, config.layer_norm_eps));
  SelfAttention attention({.query_key_value = std::move(query_key_value),
                           .output = std::move(attention_output),
                           .num_heads = config.num_heads,
                           .rotary = rotary,
                           .rotate_value = config.rotary_value},
                          kernels);
  FeedForward feed_forward(std::move(intermediate), std::move(output),
                           ActivationKernel(config.hidden_act, *kernels));
  return TransformerLayer(std::move(attention), std::move(attention_norm), std::move(feed_forward),
                          std::move(output_norm), kernels);
}

}  // namespace senvec
