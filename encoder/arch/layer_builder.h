#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "encoder/layers/transformer_layer.h"
#include "encoder/weights/model_config.h"
#include "encoder/weights/model_weights.h"
#include "kernels/gemm.h"
#include "kernels/kernels.h"

namespace senvec {

// From tensors in a file to the layers' parameters.
absl::StatusOr<std::vector<float>> LoadFloats(const TensorView& tensor);
absl::StatusOr<NormParameters> LoadNorm(const NormWeights& norm, float epsilon);
// Several linear layers of one input become one matrix, their outputs side by side.
absl::StatusOr<PackedMatrix> LoadMatrix(absl::Span<const LinearWeights> layers, GemmContext& context);
// Null for the identity.
ActivationFunction ActivationKernel(Activation activation, const Kernels& kernels);

// `rotary`: null for learned positions; must outlive the layer.
absl::StatusOr<TransformerLayer> LoadLayer(const ModelConfig& config, const LayerWeights& weights,
                                           const RotaryTable* rotary, GemmContext& context,
                                           const Kernels* kernels);

}  // namespace senvec
