#include "encoder/arch/encoder_model.h"

#include <algorithm>
#include <utility>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "base/status_macros.h"

namespace senvec {
namespace {

// What loading used for a moment goes back to the system, which the C library puts off until the end of its heap is free.
void ReturnFreeMemory() {
#if defined(__GLIBC__)
  static_cast<void>(malloc_trim(0));
#endif
}

std::unique_ptr<RotaryTable> MakeRotary(const ModelConfig& config) {
  if (config.family != ModelFamily::kRoFormer) return nullptr;
  return std::make_unique<RotaryTable>(config.max_position_embeddings, config.head_size);
}

}  // namespace

EncoderModel::EncoderModel(ModelConfig config, Precision precision, const Kernels* kernels, Embeddings embeddings)
    : config_(std::move(config)), precision_(precision), kernels_(kernels), embeddings_(std::move(embeddings)) {}

absl::StatusOr<std::unique_ptr<const EncoderModel>> EncoderModel::Load(const ModelConfig& config,
                                                                       const ModelWeights& weights,
                                                                       Precision precision, const Kernels* kernels,
                                                                       const Samples* samples, Team* team) {
  SENVEC_ASSIGN_OR_RETURN(Embeddings embeddings, Embeddings::Load(config, weights, kernels));
  auto model = std::unique_ptr<EncoderModel>(new EncoderModel(config, precision, kernels, std::move(embeddings)));
  model->rotary_ = MakeRotary(config);
  model->layers_.reserve(weights.layers.size());
  const auto arena = std::make_shared<PageArena>();
  if (samples != nullptr) model->Embed(*samples->batch, *samples->workspace, *samples->states);
  if (samples != nullptr) team = samples->workspace->team;
  for (size_t i = 0; i < weights.layers.size(); ++i) {
    SENVEC_ASSIGN_OR_RETURN(const LayerFloats floats, LoadLayerFloats(weights.layers[i], config.layer_norm_eps));
    Release(weights.layers[i], *weights.source);
    LayerStatistics statistics;
    if (samples != nullptr) statistics = model->Observe(floats, i, *samples);
    model->layers_.push_back(MakeLayer(config, floats,
                                       {.precision = precision,
                                        .kernels = kernels,
                                        .rotary = model->rotary_.get(),
                                        .statistics = samples != nullptr ? &statistics : nullptr,
                                        .arena = arena,
                                        .team = team}));
  }
  if (weights.pooler.has_value()) {
    SENVEC_ASSIGN_OR_RETURN(model->pooler_, LoadMatrix(*weights.pooler, *kernels));
  }
  ReturnFreeMemory();
  return model;
}

LayerStatistics EncoderModel::Observe(const LayerFloats& floats, size_t i, const Samples& samples) const {
  const TransformerLayer layer = MakeLayer(config_, floats,
                                           {.precision = Precision::kFp32,
                                            .kernels = kernels_,
                                            .rotary = rotary_.get(),
                                            .team = samples.workspace->team});
  LayerStatistics statistics;
  LayerWorkspace& workspace = *samples.workspace;
  workspace.Convert(*kernels_, Precision::kFp32, samples.states->hidden.data(), samples.batch->offsets.back(),
                    config_.hidden_size, workspace.input);
  workspace.observed = &statistics;
  Step(layer, i, nullptr, *samples.batch, samples.options, workspace, *samples.states);
  workspace.observed = nullptr;
  return statistics;
}

void EncoderModel::Embed(const PackedBatch& batch, LayerWorkspace& workspace, HiddenStates& states) const {
  float* hidden = Grow(states.hidden, int64_t{batch.offsets.back()} * config_.hidden_size);
  embeddings_.Forward(batch.ids, batch.type_ids, batch.offsets, workspace, hidden);
}

void EncoderModel::Step(const TransformerLayer& layer, size_t i, const TransformerLayer* next,
                        const PackedBatch& batch, const ForwardOptions& options, LayerWorkspace& workspace,
                        HiddenStates& states) const {
  const int64_t size = int64_t{batch.offsets.back()} * config_.hidden_size;
  const bool last = i + 1 == static_cast<size_t>(config_.num_layers);
  // The first block's output is wanted whole, also where it is the last one.
  if (last && options.first_tokens_only && !options.first_block) {
    const int64_t sentences = static_cast<int64_t>(batch.offsets.size()) - 1;
    layer.ForwardFirst(batch.offsets, workspace, states.hidden.data(),
                       Grow(states.last, sentences * config_.hidden_size));
    return;
  }
  layer.Forward(batch.offsets, next, workspace, states.hidden.data());
  if (i == 0 && options.first_block) std::copy_n(states.hidden.data(), size, Grow(states.first, size));
  // Both buffers keep their size, so that the next pass finds room in either.
  if (last) {
    Grow(states.last, size);
    states.last.swap(states.hidden);
  }
}

void EncoderModel::Forward(const PackedBatch& batch, const ForwardOptions& options, LayerWorkspace& workspace,
                           HiddenStates& states) const {
  Embed(batch, workspace, states);
  workspace.Convert(*kernels_, precision_, states.hidden.data(), batch.offsets.back(), config_.hidden_size,
                    workspace.input, layers_[0].input_factors());
  for (size_t i = 0; i < layers_.size(); ++i) {
    Step(layers_[i], i, i + 1 < layers_.size() ? &layers_[i + 1] : nullptr, batch, options, workspace, states);
  }
}

void EncoderModel::Pool(const float* x, int64_t rows, LayerWorkspace& workspace, float* y) const {
  workspace.Convert(*kernels_, Precision::kFp32, x, rows, config_.hidden_size, workspace.first);
  workspace.Multiply(*pooler_, workspace.first, ActivationKernel(config_.pooler_activation, Precision::kFp32, *kernels_),
                     {.fp32 = y});
}

}  // namespace senvec
