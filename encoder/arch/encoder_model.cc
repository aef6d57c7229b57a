#include "encoder/arch/encoder_model.h"

#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "encoder/arch/layer_builder.h"

namespace senvec {

EncoderModel::EncoderModel(ModelConfig config, const Kernels* kernels, Embeddings embeddings)
    : config_(std::move(config)), kernels_(kernels), embeddings_(std::move(embeddings)) {}

absl::StatusOr<std::unique_ptr<const EncoderModel>> EncoderModel::Load(const ModelConfig& config,
                                                                       const ModelWeights& weights,
                                                                       std::shared_ptr<GemmContext> context,
                                                                       const Kernels* kernels) {
  SENVEC_ASSIGN_OR_RETURN(Embeddings embeddings, Embeddings::Load(config, weights, *context, kernels));
  auto model = std::unique_ptr<EncoderModel>(new EncoderModel(config, kernels, std::move(embeddings)));
  if (config.family == ModelFamily::kRoFormer) {
    model->rotary_ = std::make_unique<RotaryTable>(config.max_position_embeddings, config.head_size);
  }
  model->layers_.reserve(weights.layers.size());
  for (const LayerWeights& layer : weights.layers) {
    SENVEC_ASSIGN_OR_RETURN(TransformerLayer loaded,
                            LoadLayer(config, layer, model->rotary_.get(), *context, kernels));
    model->layers_.push_back(std::move(loaded));
  }
  if (weights.pooler.has_value()) {
    SENVEC_ASSIGN_OR_RETURN(model->pooler_, LoadMatrix({*weights.pooler}, *context));
  }
  return model;
}

void EncoderModel::Forward(const PackedBatch& batch, bool want_first, LayerWorkspace& workspace,
                           HiddenStates& states) const {
  const int64_t rows = batch.offsets.back();
  float* hidden = Grow(states.last, PackedMatrix::PaddedRows(rows) * config_.hidden_size);
  embeddings_.Forward(batch.ids, batch.type_ids, batch.offsets, workspace, hidden);
  for (size_t i = 0; i < layers_.size(); ++i) {
    layers_[i].Forward(batch.offsets, workspace, hidden);
    if (i == 0 && want_first) {
      float* first = Grow(states.first, rows * config_.hidden_size);
      std::copy(hidden, hidden + rows * config_.hidden_size, first);
    }
  }
}

void EncoderModel::Pool(const float* x, int64_t rows, LayerWorkspace& workspace, float* y) const {
  pooler_->Multiply(x, rows, workspace.gemm, y);
  const ActivationFunction activation = ActivationKernel(config_.pooler_activation, *kernels_);
  if (activation != nullptr) activation(y, rows * config_.hidden_size);
}

}  // namespace senvec
