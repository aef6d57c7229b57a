#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "encoder/layers/layer_statistics.h"
#include "encoder/layers/transformer_layer.h"
#include "encoder/weights/model_config.h"
#include "encoder/weights/model_weights.h"
#include "kernels/gemm.h"
#include "kernels/kernels.h"

namespace senvec {

// From tensors in a file to the layers' parameters.
absl::StatusOr<std::vector<float>> LoadFloats(const TensorView& tensor);
// What ToFloat() checks, for a table that is read row by row: block after block, each let go of.
absl::Status CheckTable(const TensorView& table, const WeightSource& source);
// Lets the pages of a block's tensors go.
void Release(const LayerWeights& weights, const WeightSource& source);
absl::StatusOr<NormParameters> LoadNorm(const NormWeights& norm, float epsilon);
// One product's weights in fp32.
struct DenseFloats {
  int64_t out = 0, in = 0;
  std::vector<float> weight;  // out × in
  std::vector<float> bias;    // out
};
// Several linear layers of one input become one, their outputs side by side.
absl::StatusOr<DenseFloats> LoadDense(absl::Span<const LinearWeights> layers);
// A block's, read once however often they are packed.
struct LayerFloats {
  DenseFloats query_key_value, attention_output, intermediate, output;
  NormParameters attention_norm, output_norm;
};
absl::StatusOr<LayerFloats> LoadLayerFloats(const LayerWeights& weights, float epsilon);
// For products outside of the blocks.
absl::StatusOr<PackedMatrix> LoadMatrix(const LinearWeights& layer, const Kernels& kernels);

// s_j = max|x_j|^½ / max|w_j|^½ for input channel j (SmoothQuant, arXiv 2211.10438, equation 4 with α = ½): divided by
// it, the channels of x come nearer to each other, and fewer codes are lost to one that is large.
// weight: out × in.
std::vector<float> SmoothingScales(absl::Span<const float> weight, int64_t in, const ChannelRange& inputs);
// Null for the identity. In bf16 and int8 the erf form of GELU is the fast one: its error is far below theirs.
ActivationFunction ActivationKernel(Activation activation, Precision precision, const Kernels& kernels);

struct LayerOptions {
  Precision precision;
  const Kernels* kernels;
  const RotaryTable* rotary = nullptr;  // null for learned positions; outlives the layer
  // What the products' inputs were over sample sentences; null when that is not known. Used in int8 only.
  const LayerStatistics* statistics = nullptr;
  std::shared_ptr<PageArena> arena;  // see PackedMatrix::PackOptions
  Team* team = nullptr;              // who packs; null for the calling thread
};
TransformerLayer MakeLayer(const ModelConfig& config, const LayerFloats& floats, const LayerOptions& options);

}  // namespace senvec
