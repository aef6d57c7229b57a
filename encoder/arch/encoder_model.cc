#include "encoder/arch/encoder_model.h"

#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "encoder/arch/layer_builder.h"

namespace senvec {
namespace {

std::unique_ptr<RotaryTable> MakeRotary(const ModelConfig& config) {
  if (config.family != ModelFamily::kRoFormer) return nullptr;
  return std::make_unique<RotaryTable>(config.max_position_embeddings, config.head_size);
}

}  // namespace

EncoderModel::EncoderModel(ModelConfig config, Precision precision, const Kernels* kernels, Embeddings embeddings)
    : config_(std::move(config)), precision_(precision), kernels_(kernels), embeddings_(std::move(embeddings)) {}

absl::StatusOr<std::unique_ptr<const EncoderModel>> EncoderModel::Load(const ModelConfig& config,
                                                                       const ModelWeights& weights,
                                                                       Precision precision, const Kernels* kernels) {
  SENVEC_ASSIGN_OR_RETURN(Embeddings embeddings, Embeddings::Load(config, weights, kernels));
  auto model = std::unique_ptr<EncoderModel>(new EncoderModel(config, precision, kernels, std::move(embeddings)));
  model->rotary_ = MakeRotary(config);
  model->layers_.reserve(weights.layers.size());
  for (const LayerWeights& layer : weights.layers) {
    SENVEC_ASSIGN_OR_RETURN(TransformerLayer loaded,
                            LoadLayer(config, layer, model->rotary_.get(), precision, kernels));
    model->layers_.push_back(std::move(loaded));
  }
  if (weights.pooler.has_value()) {
    SENVEC_ASSIGN_OR_RETURN(model->pooler_, LoadMatrix({*weights.pooler}, Precision::kFp32, *kernels));
  }
  return model;
}

void EncoderModel::Begin(const Embeddings& embeddings, const ModelConfig& config, Precision precision,
                         const Kernels& kernels, const PackedBatch& batch, LayerWorkspace& workspace,
                         HiddenStates& states) {
  const int64_t rows = batch.offsets.back();
  float* hidden = Grow(states.hidden, rows * config.hidden_size);
  embeddings.Forward(batch.ids, batch.type_ids, batch.offsets, workspace, hidden);
  workspace.Convert(kernels, precision, hidden, rows, config.hidden_size, workspace.input);
}

void EncoderModel::Step(const TransformerLayer& layer, size_t i, size_t num_layers, const ModelConfig& config,
                        const PackedBatch& batch, const ForwardOptions& options, LayerWorkspace& workspace,
                        HiddenStates& states) {
  const int64_t size = int64_t{batch.offsets.back()} * config.hidden_size;
  const bool last = i + 1 == num_layers;
  // The first block's output is wanted whole, also where it is the last one.
  if (last && options.first_tokens_only && !options.first_block) {
    const int64_t sentences = static_cast<int64_t>(batch.offsets.size()) - 1;
    layer.ForwardFirst(batch.offsets, workspace, states.hidden.data(),
                       Grow(states.last, sentences * config.hidden_size));
    return;
  }
  layer.Forward(batch.offsets, workspace, states.hidden.data());
  if (i == 0 && options.first_block) std::copy_n(states.hidden.data(), size, Grow(states.first, size));
  // Both buffers keep their size, so that the next pass finds room in either.
  if (last) {
    Grow(states.last, size);
    states.last.swap(states.hidden);
  }
}

void EncoderModel::Forward(const PackedBatch& batch, const ForwardOptions& options, LayerWorkspace& workspace,
                           HiddenStates& states) const {
  Begin(embeddings_, config_, precision_, *kernels_, batch, workspace, states);
  for (size_t i = 0; i < layers_.size(); ++i) {
    Step(layers_[i], i, layers_.size(), config_, batch, options, workspace, states);
  }
}

absl::Status EncoderModel::ForwardOnce(const ModelConfig& config, const ModelWeights& weights, const Kernels* kernels,
                                       const PackedBatch& batch, const ForwardOptions& options,
                                       LayerWorkspace& workspace, HiddenStates& states) {
  SENVEC_ASSIGN_OR_RETURN(const Embeddings embeddings, Embeddings::Load(config, weights, kernels));
  const std::unique_ptr<RotaryTable> rotary = MakeRotary(config);
  Begin(embeddings, config, Precision::kFp32, *kernels, batch, workspace, states);
  for (size_t i = 0; i < weights.layers.size(); ++i) {
    SENVEC_ASSIGN_OR_RETURN(const TransformerLayer layer,
                            LoadLayer(config, weights.layers[i], rotary.get(), Precision::kFp32, kernels));
    Step(layer, i, weights.layers.size(), config, batch, options, workspace, states);
  }
  return absl::OkStatus();
}

void EncoderModel::Pool(const float* x, int64_t rows, LayerWorkspace& workspace, float* y) const {
  workspace.Convert(*kernels_, Precision::kFp32, x, rows, config_.hidden_size, workspace.first);
  workspace.Multiply(*pooler_, workspace.first, ActivationKernel(config_.pooler_activation, Precision::kFp32, *kernels_),
                     {.fp32 = y});
}

}  // namespace senvec
