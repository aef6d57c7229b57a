#include "encoder/arch/layer_builder.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"

namespace senvec {

absl::StatusOr<std::vector<float>> LoadFloats(const TensorView& tensor) {
  std::vector<float> values(tensor.num_elements());
  SENVEC_RETURN_IF_ERROR(ToFloat(tensor, absl::MakeSpan(values)));
  return values;
}

absl::Status CheckTable(const TensorView& table, const WeightSource& source) {
  constexpr int64_t kRows = 4096;
  const int64_t row_bytes = static_cast<int64_t>(DTypeSize(table.dtype)) * table.shape[1];
  for (int64_t row = 0; row < table.shape[0]; row += kRows) {
    TensorView block = table;
    block.shape[0] = std::min(kRows, table.shape[0] - row);
    block.bytes = table.bytes.substr(row * row_bytes, block.shape[0] * row_bytes);
    if (row > 0) absl::StrAppend(&block.name, " (from row ", row, ")");
    SENVEC_RETURN_IF_ERROR(CheckFinite(block));
    source.Release(block);
  }
  return absl::OkStatus();
}

void Release(const LayerWeights& weights, const WeightSource& source) {
  for (const LinearWeights& linear : {weights.query, weights.key, weights.value, weights.attention_output,
                                      weights.intermediate, weights.output}) {
    source.Release(linear.weight);
    source.Release(linear.bias);
  }
}

absl::StatusOr<NormParameters> LoadNorm(const NormWeights& norm, float epsilon) {
  NormParameters parameters{.weight = {}, .bias = {}, .epsilon = epsilon};
  SENVEC_ASSIGN_OR_RETURN(parameters.weight, LoadFloats(norm.weight));
  SENVEC_ASSIGN_OR_RETURN(parameters.bias, LoadFloats(norm.bias));
  return parameters;
}

absl::StatusOr<PackedMatrix> LoadMatrix(absl::Span<const LinearWeights> layers, Precision precision,
                                        const Kernels& kernels, const ChannelRange* inputs,
                                        const std::shared_ptr<PageArena>& arena) {
  int64_t out = 0;
  const int64_t in = layers[0].weight.shape[1];
  for (const LinearWeights& layer : layers) out += layer.weight.shape[0];
  std::vector<float> weight(out * in), bias(out);
  int64_t row = 0;
  for (const LinearWeights& layer : layers) {
    const int64_t rows = layer.weight.shape[0];
    SENVEC_RETURN_IF_ERROR(ToFloat(layer.weight, absl::MakeSpan(weight).subspan(row * in, rows * in)));
    SENVEC_RETURN_IF_ERROR(ToFloat(layer.bias, absl::MakeSpan(bias).subspan(row, rows)));
    row += rows;
  }
  std::vector<float> scales;
  if (precision == Precision::kInt8 && inputs != nullptr) scales = SmoothingScales(weight, in, *inputs);
  return PackedMatrix::Pack(weight, bias, out, in, precision, kernels, scales, arena);
}

std::vector<float> SmoothingScales(absl::Span<const float> weight, int64_t in, const ChannelRange& inputs) {
  SENVEC_CHECK(static_cast<int64_t>(inputs.largest.size()) == in);
  constexpr float kLeast = 1e-5f;  // a channel that the samples left at zero
  std::vector<float> scales(in, kLeast);
  for (size_t i = 0; i < weight.size(); ++i) scales[i % in] = std::max(scales[i % in], std::abs(weight[i]));
  for (int64_t j = 0; j < in; ++j) scales[j] = std::sqrt(std::max(inputs.largest[j], kLeast) / scales[j]);
  return scales;
}

ActivationFunction ActivationKernel(Activation activation, Precision precision, const Kernels& kernels) {
  switch (activation) {
    case Activation::kGeluErf:
      return precision == Precision::kFp32 ? kernels.gelu_erf : kernels.gelu_erf_fast;
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
                                           const RotaryTable* rotary, Precision precision,
                                           const Kernels* kernels, const LayerStatistics* statistics,
                                           const std::shared_ptr<PageArena>& arena) {
  const auto matrix = [&](absl::Span<const LinearWeights> layers, ChannelRange LayerStatistics::*inputs) {
    const bool known = statistics != nullptr && inputs != nullptr;
    return LoadMatrix(layers, precision, *kernels, known ? &(statistics->*inputs) : nullptr, arena);
  };
  SENVEC_ASSIGN_OR_RETURN(PackedMatrix query_key_value, matrix({weights.query, weights.key, weights.value},
                                                               &LayerStatistics::query_key_value));
  SENVEC_ASSIGN_OR_RETURN(PackedMatrix attention_output,
                          matrix({weights.attention_output}, &LayerStatistics::attention_output));
  SENVEC_ASSIGN_OR_RETURN(NormParameters attention_norm, LoadNorm(weights.attention_norm, config.layer_norm_eps));
  SENVEC_ASSIGN_OR_RETURN(PackedMatrix intermediate, matrix({weights.intermediate}, &LayerStatistics::intermediate));
  // What an activation gives is small or one-sided; evening its channels out costs more than it brings.
  SENVEC_ASSIGN_OR_RETURN(PackedMatrix output, matrix({weights.output}, nullptr));
  SENVEC_ASSIGN_OR_RETURN(NormParameters output_norm, LoadNorm(weights.output_norm, config.layer_norm_eps));
  SelfAttention attention({.query_key_value = std::move(query_key_value),
                           .output = std::move(attention_output),
                           .num_heads = config.num_heads,
                           .rotary = rotary,
                           .rotate_value = config.rotary_value},
                          kernels);
  FeedForward feed_forward(std::move(intermediate), std::move(output),
                           ActivationKernel(config.hidden_act, precision, *kernels));
  return TransformerLayer(std::move(attention), std::move(attention_norm), std::move(feed_forward),
                          std::move(output_norm), precision, kernels);
}

}  // namespace senvec
