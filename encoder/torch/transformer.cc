#include "encoder/torch/transformer.h"

#include <cmath>
#include <utility>
#include <vector>

#include <ATen/ATen.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "encoder/torch/dropout.h"
#include "encoder/torch/initial_weights.h"

namespace senvec {
namespace {

std::string LayerName(int index) { return absl::StrCat("encoder.layer.", index, "."); }

// Places where values are dropped: the embeddings, then three a block.
constexpr uint64_t kSitesPerBlock = 3;

absl::StatusOr<at::Tensor> Read(const TensorView& view) {
  at::Tensor tensor = at::empty(view.shape, at::kFloat);
  SENVEC_RETURN_IF_ERROR(
      ToFloat(view, absl::MakeSpan(tensor.data_ptr<float>(), static_cast<size_t>(tensor.numel()))));
  return tensor;
}

absl::Status AddRead(ParameterSet* parameters, std::string name, const TensorView& view) {
  SENVEC_ASSIGN_OR_RETURN(at::Tensor tensor, Read(view));
  parameters->Add(std::move(name), std::move(tensor));
  return absl::OkStatus();
}
template <typename Weights>
absl::Status AddPair(ParameterSet* parameters, const std::string& name, const Weights& weights) {
  SENVEC_RETURN_IF_ERROR(AddRead(parameters, name + ".weight", weights.weight));
  return AddRead(parameters, name + ".bias", weights.bias);
}

absl::Status AddLayer(ParameterSet* parameters, const std::string& layer, const LayerWeights& weights) {
  std::vector<at::Tensor> matrices, biases;
  for (const LinearWeights* part : {&weights.query, &weights.key, &weights.value}) {
    SENVEC_ASSIGN_OR_RETURN(at::Tensor matrix, Read(part->weight));
    SENVEC_ASSIGN_OR_RETURN(at::Tensor bias, Read(part->bias));
    matrices.push_back(std::move(matrix));
    biases.push_back(std::move(bias));
  }
  parameters->Add(layer + "attention.self.qkv.weight", at::cat(matrices));
  parameters->Add(layer + "attention.self.qkv.bias", at::cat(biases));
  SENVEC_RETURN_IF_ERROR(AddPair(parameters, layer + "attention.output.dense", weights.attention_output));
  SENVEC_RETURN_IF_ERROR(AddPair(parameters, layer + "attention.output.LayerNorm", weights.attention_norm));
  SENVEC_RETURN_IF_ERROR(AddPair(parameters, layer + "intermediate.dense", weights.intermediate));
  SENVEC_RETURN_IF_ERROR(AddPair(parameters, layer + "output.dense", weights.output));
  return AddPair(parameters, layer + "output.LayerNorm", weights.output_norm);
}

at::Tensor Activate(const at::Tensor& x, Activation activation) {
  return reference::BiasActivation(x, at::zeros({x.size(1)}, x.options()), activation);
}

}  // namespace

at::Tensor Multiply(const at::Tensor& rows, const at::Tensor& weight) {
  return at::mm(rows, weight.to(rows.scalar_type()).t());
}

TorchTransformer::TorchTransformer(const ModelConfig& config, ParameterSet* parameters)
    : config_(config), parameters_(parameters) {
  if (config.family == ModelFamily::kRoFormer) {
    rotary_ = RotaryTables::Make(config.max_position_embeddings, config.head_size, at::kFloat);
  }
}

TorchTransformer TorchTransformer::Create(const ModelConfig& config, const Initial& initial,
                                          ParameterSet* parameters) {
  InitialWeights draw(initial.seed, initial.deviation, parameters);
  const int64_t hidden = config.hidden_size, embedding = config.embedding_size, inner = config.intermediate_size;
  // DeepNorm's λ for Adam; the residual's α is 1 here, as every engine computes it, so this is its initialisation only.
  const double gain = initial.deepnorm ? std::pow(2.0 * config.num_layers, -0.5) : 1.0;
  draw.Table("embeddings.word_embeddings.weight", config.vocab_size, embedding);
  if (config.family == ModelFamily::kBert) {
    draw.Table("embeddings.position_embeddings.weight", config.max_position_embeddings, embedding);
  }
  draw.Table("embeddings.token_type_embeddings.weight", config.type_vocab_size, embedding);
  draw.Norm("embeddings.LayerNorm", embedding);
  if (embedding != hidden) draw.Linear("embeddings_project", {hidden}, embedding);
  for (int i = 0; i < config.num_layers; ++i) {
    const std::string layer = LayerName(i);
    draw.Linear(layer + "attention.self.qkv", {hidden, hidden, hidden}, hidden, {1, 1, gain});
    draw.Linear(layer + "attention.output.dense", {hidden}, hidden, {gain});
    draw.Norm(layer + "attention.output.LayerNorm", hidden);
    draw.Linear(layer + "intermediate.dense", {inner}, hidden, {gain});
    draw.Linear(layer + "output.dense", {hidden}, inner, {gain});
    draw.Norm(layer + "output.LayerNorm", hidden);
  }
  if (initial.pooler) draw.Linear("pooler.dense", {hidden}, hidden);
  return TorchTransformer(config, parameters);
}

absl::StatusOr<TorchTransformer> TorchTransformer::Load(const ModelConfig& config, const ModelWeights& weights,
                                                        ParameterSet* parameters) {
  SENVEC_RETURN_IF_ERROR(AddRead(parameters, "embeddings.word_embeddings.weight", weights.word_embeddings));
  if (weights.position_embeddings.has_value()) {
    SENVEC_RETURN_IF_ERROR(
        AddRead(parameters, "embeddings.position_embeddings.weight", *weights.position_embeddings));
  }
  SENVEC_RETURN_IF_ERROR(AddRead(parameters, "embeddings.token_type_embeddings.weight", weights.token_type_embeddings));
  SENVEC_RETURN_IF_ERROR(AddPair(parameters, "embeddings.LayerNorm", weights.embedding_norm));
  if (weights.embedding_projection.has_value()) {
    SENVEC_RETURN_IF_ERROR(AddPair(parameters, "embeddings_project", *weights.embedding_projection));
  }
  for (size_t i = 0; i < weights.layers.size(); ++i) {
    SENVEC_RETURN_IF_ERROR(AddLayer(parameters, LayerName(static_cast<int>(i)), weights.layers[i]));
  }
  if (weights.pooler.has_value()) SENVEC_RETURN_IF_ERROR(AddPair(parameters, "pooler.dense", *weights.pooler));
  return TorchTransformer(config, parameters);
}

NormArguments TorchTransformer::Norm(const std::string& name) const {
  return {.weight = parameters_->Get(name + ".weight"),
          .bias = parameters_->Get(name + ".bias"),
          .epsilon = config_.layer_norm_eps};
}

at::Tensor TorchTransformer::Embed(const TokenBatch& batch, const ForwardSettings& settings) const {
  at::Tensor rows = at::embedding(parameters_->Get("embeddings.word_embeddings.weight"), batch.ids);
  rows = rows + at::embedding(parameters_->Get("embeddings.token_type_embeddings.weight"), batch.type_ids);
  if (config_.family == ModelFamily::kBert) {
    rows = rows + at::embedding(parameters_->Get("embeddings.position_embeddings.weight"), batch.positions);
  }
  const NormArguments norm = Norm("embeddings.LayerNorm");
  rows = at::layer_norm(rows, {rows.size(1)}, norm.weight, norm.bias, norm.epsilon);
  rows = Dropout(rows, {settings.dropout, DropoutHash::Site(settings.seed, 0), settings.first_token});
  if (config_.embedding_size != config_.hidden_size) {
    rows = Multiply(rows, parameters_->Get("embeddings_project.weight")) + parameters_->Get("embeddings_project.bias");
  }
  return settings.compute == at::kBFloat16 ? rows.to(at::kBFloat16) : rows;
}

at::Tensor TorchTransformer::Block(int index, const at::Tensor& rows, const TokenBatch& batch,
                                   const ForwardSettings& settings) const {
  const std::string layer = LayerName(index);
  const auto matrix = [&](const char* name) -> const at::Tensor& {
    return parameters_->Get(absl::StrCat(layer, name, ".weight"));
  };
  const auto bias = [&](const char* name) -> const at::Tensor& {
    return parameters_->Get(absl::StrCat(layer, name, ".bias"));
  };
  const auto drop = [&](uint64_t n) {
    const uint64_t site = DropoutHash::Site(settings.seed, 1 + static_cast<uint64_t>(index) * kSitesPerBlock + n);
    return Drop{settings.dropout, site, settings.first_token};
  };
  const AttentionShape shape{.heads = config_.num_heads,
                             .head_size = config_.head_size,
                             .cos = rotary_.cos,
                             .sin = rotary_.sin,
                             .rotate_value = config_.rotary_value};
  const at::Tensor mixed = PackedAttention(Multiply(rows, matrix("attention.self.qkv")), bias("attention.self.qkv"),
                                           shape, batch, drop(0));
  const at::Tensor attended =
      ResidualNorm(Multiply(mixed, matrix("attention.output.dense")), bias("attention.output.dense"), rows,
                   Norm(layer + "attention.output.LayerNorm"), drop(1));
  const at::Tensor inner = BiasActivation(Multiply(attended, matrix("intermediate.dense")),
                                          bias("intermediate.dense"), config_.hidden_act);
  return ResidualNorm(Multiply(inner, matrix("output.dense")), bias("output.dense"), attended,
                      Norm(layer + "output.LayerNorm"), drop(2));
}

HiddenRows TorchTransformer::Forward(const TokenBatch& batch, const ForwardSettings& settings) const {
  HiddenRows rows{.last = Embed(batch, settings)};
  for (int i = 0; i < config_.num_layers; ++i) {
    rows.last = Block(i, rows.last, batch, settings);
    if (i == 0 && settings.first_block) rows.first = rows.last;
  }
  return rows;
}

bool TorchTransformer::has_pooler() const { return parameters_->Has("pooler.dense.weight"); }

at::Tensor TorchTransformer::Pool(const at::Tensor& rows) const {
  SENVEC_CHECK(has_pooler());
  return Activate(Multiply(rows, parameters_->Get("pooler.dense.weight")) + parameters_->Get("pooler.dense.bias"),
                  config_.pooler_activation);
}

}  // namespace senvec
