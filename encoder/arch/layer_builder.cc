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

absl::StatusOr<DenseFloats> LoadDense(absl::Span<const LinearWeights> layers) {
  DenseFloats dense;
  dense.in = layers[0].weight.shape[1];
  for (const LinearWeights& layer : layers) dense.out += layer.weight.shape[0];
  dense.weight.resize(dense.out * dense.in);
  dense.bias.resize(dense.out);
  int64_t row = 0;
  for (const LinearWeights& layer : layers) {
    const int64_t rows = layer.weight.shape[0];
    SENVEC_RETURN_IF_ERROR(
        ToFloat(layer.weight, absl::MakeSpan(dense.weight).subspan(row * dense.in, rows * dense.in)));
    SENVEC_RETURN_IF_ERROR(ToFloat(layer.bias, absl::MakeSpan(dense.bias).subspan(row, rows)));
    row += rows;
  }
  return dense;
}

absl::StatusOr<LayerFloats> LoadLayerFloats(const LayerWeights& weights, float epsilon) {
  LayerFloats floats;
  SENVEC_ASSIGN_OR_RETURN(floats.query_key_value, LoadDense({weights.query, weights.key, weights.value}));
  SENVEC_ASSIGN_OR_RETURN(floats.attention_output, LoadDense({weights.attention_output}));
  SENVEC_ASSIGN_OR_RETURN(floats.intermediate, LoadDense({weights.intermediate}));
  SENVEC_ASSIGN_OR_RETURN(floats.output, LoadDense({weights.output}));
  SENVEC_ASSIGN_OR_RETURN(floats.attention_norm, LoadNorm(weights.attention_norm, epsilon));
  SENVEC_ASSIGN_OR_RETURN(floats.output_norm, LoadNorm(weights.output_norm, epsilon));
  return floats;
}

absl::StatusOr<PackedMatrix> LoadMatrix(const LinearWeights& layer, const Kernels& kernels) {
  SENVEC_ASSIGN_OR_RETURN(const DenseFloats dense, LoadDense({layer}));
  return PackedMatrix::Pack(dense.weight, dense.bias, dense.out, dense.in, Precision::kFp32, kernels);
}

std::vector<float> SmoothingScales(absl::Span<const float> weight, int64_t in, const ChannelRange& inputs) {
  SENVEC_CHECK(static_cast<int64_t>(inputs.largest.size()) == in);
  constexpr float kLeast = 1e-5f;  // a channel that the samples left at zero
  std::vector<float> scales(in, kLeast);
  for (size_t row = 0; row < weight.size(); row += in) {
    for (int64_t j = 0; j < in; ++j) scales[j] = std::max(scales[j], std::abs(weight[row + j]));
  }
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

TransformerLayer MakeLayer(const ModelConfig& config, const LayerFloats& floats, const LayerOptions& options) {
  const auto pack = [&](const DenseFloats& dense, const ChannelRange* inputs) {
    std::vector<float> scales;
    if (options.precision == Precision::kInt8 && inputs != nullptr) {
      scales = SmoothingScales(dense.weight, dense.in, *inputs);
    }
    return PackedMatrix::Pack(dense.weight, dense.bias, dense.out, dense.in, options.precision, *options.kernels,
                              {.input_scales = scales, .arena = options.arena, .team = options.team});
  };
  const LayerStatistics* known = options.statistics;
  SelfAttention attention(
      {.query_key_value = pack(floats.query_key_value, known != nullptr ? &known->query_key_value : nullptr),
       .output = pack(floats.attention_output, known != nullptr ? &known->attention_output : nullptr),
       .num_heads = config.num_heads,
       .rotary = options.rotary,
       .rotate_value = config.rotary_value},
      options.kernels);
  // What an activation gives is small or one-sided; evening its channels out costs more than it brings.
  FeedForward feed_forward(pack(floats.intermediate, known != nullptr ? &known->intermediate : nullptr),
                           pack(floats.output, nullptr),
                           ActivationKernel(config.hidden_act, options.precision, *options.kernels));
  return TransformerLayer(std::move(attention), floats.attention_norm, std::move(feed_forward), floats.output_norm,
                          options.precision, options.kernels);
}

}  // namespace senvec
