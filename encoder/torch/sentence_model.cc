#include "encoder/torch/sentence_model.h"

#include <algorithm>
#include <utility>

#include <ATen/ATen.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/file.h"
#include "base/json.h"
#include "base/status_macros.h"
#include "encoder/model_directory.h"
#include "encoder/torch/initial_weights.h"
#include "encoder/weights/weight_source.h"

namespace senvec {
namespace {

at::Tensor Index(const std::vector<int32_t>& values, at::Device device) {
  at::Tensor index = at::empty({static_cast<int64_t>(values.size())}, at::kLong);
  std::copy(values.begin(), values.end(), index.data_ptr<int64_t>());
  return index.to(device);
}

at::Tensor SequenceMax(const at::Tensor& rows, const TokenBatch& batch) {
  std::vector<at::Tensor> highest;
  for (size_t s = 0; s + 1 < batch.offsets.size(); ++s) {
    highest.push_back(rows.narrow(0, batch.offsets[s], batch.offsets[s + 1] - batch.offsets[s]).amax(0));
  }
  return at::stack(highest);
}

// The number of positions a model has for tokens.
int32_t Positions(const ModelConfig& config) { return config.max_position_embeddings - config.position_offset; }

}  // namespace

absl::StatusOr<std::unique_ptr<TorchSentenceModel>> TorchSentenceModel::Open(const Options& options) {
  std::unique_ptr<TorchSentenceModel> model(new TorchSentenceModel);
  if (options.directory.empty() == options.config_path.empty()) {
    return absl::InvalidArgumentError("give a model directory to begin with, or a config.json for a new model");
  }
  SENVEC_RETURN_IF_ERROR(options.directory.empty() ? model->OpenNew(options) : model->OpenDirectory(options));
  if (options.dense > 0) {
    if (!model->dense_.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(options.directory, ": the model has a Dense module already; leave \"dense\" out"));
    }
    const std::string name = "dense.0";
    InitialWeights(options.seed, 0.02, &model->parameters_)
        .Linear(name, {options.dense}, model->config().hidden_size);
    model->dense_.push_back({.name = name});
  }
  return model;
}

absl::Status TorchSentenceModel::ReadConfig(const std::string& path) {
  SENVEC_ASSIGN_OR_RETURN(config_json_, ReadFile(path));
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json json, ParseJson(config_json_, path));
  SENVEC_ASSIGN_OR_RETURN(config_dropout_, JsonDoubleOr(json, "hidden_dropout_prob", 0.1, path));
  if (config_dropout_ < 0 || config_dropout_ >= 1) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": \"hidden_dropout_prob\" is ", config_dropout_, "; it must be in [0, 1)"));
  }
  return absl::OkStatus();
}

absl::Status TorchSentenceModel::ChoosePooling(const std::string& name) {
  if (!name.empty()) {
    SENVEC_ASSIGN_OR_RETURN(pooling_, ParsePooling(name));
  }
  if (pooling_ == Pooling::kPooler && !transformer_->has_pooler()) {
    return absl::FailedPreconditionError("pooling \"pooler\" was asked for, but the checkpoint has no pooler");
  }
  return absl::OkStatus();
}

absl::Status TorchSentenceModel::OpenDirectory(const Options& options) {
  SENVEC_ASSIGN_OR_RETURN(const ModelDirectory files, ModelDirectory::Read(options.directory));
  tokenizer_directory_ = files.transformer_folder;
  const std::string config_path = JoinPath(files.transformer_folder, "config.json");
  SENVEC_RETURN_IF_ERROR(ReadConfig(config_path));
  SENVEC_ASSIGN_OR_RETURN(const ModelConfig config, ModelConfig::FromJson(config_json_, config_path));
  SENVEC_ASSIGN_OR_RETURN(const auto source, WeightSource::OpenDirectory(files.transformer_folder));
  const absl::StatusOr<ModelWeights> weights = ModelWeights::Map(config, source);
  if (!weights.ok()) {
    return absl::Status(weights.status().code(), absl::StrCat(options.directory, ": ", weights.status().message()));
  }
  SENVEC_ASSIGN_OR_RETURN(TorchTransformer transformer, TorchTransformer::Load(config, *weights, &parameters_));
  transformer_ = std::make_unique<TorchTransformer>(std::move(transformer));
  SENVEC_RETURN_IF_ERROR(LoadMlmHead(*source));
  if (files.pooling.has_value()) {
    pooling_ = *files.pooling;
  } else if (config.family == ModelFamily::kRoFormer && transformer_->has_pooler()) {
    pooling_ = Pooling::kPooler;  // RoFormer-Sim, see encoder_parts.cc
  }
  SENVEC_RETURN_IF_ERROR(ChoosePooling(options.pooling));
  for (const std::string& folder : files.dense_folders) SENVEC_RETURN_IF_ERROR(LoadDense(folder, dim()));
  max_tokens_ = files.max_tokens > 0 ? std::min(files.max_tokens, Positions(config)) : Positions(config);
  const std::string prompts = JoinPath(options.directory, "config_sentence_transformers.json");
  if (FileExists(prompts)) {
    SENVEC_ASSIGN_OR_RETURN(prompts_json_, ReadFile(prompts));
  }
  return absl::OkStatus();
}

absl::Status TorchSentenceModel::LoadMlmHead(const WeightSource& source) {
  const int64_t embedding = config().embedding_size, hidden = config().hidden_size;
  const std::pair<const char*, std::vector<int64_t>> tensors[] = {
      {"cls.predictions.transform.dense.weight", {embedding, hidden}},
      {"cls.predictions.transform.dense.bias", {embedding}},
      {"cls.predictions.transform.LayerNorm.weight", {embedding}},
      {"cls.predictions.transform.LayerNorm.bias", {embedding}},
      {"cls.predictions.bias", {config().vocab_size}}};
  for (const auto& [name, shape] : tensors) {
    const TensorView* view = source.Find(name);
    if (view == nullptr || view->shape != shape) return absl::OkStatus();  // without one, or of another kind
  }
  for (const auto& [name, shape] : tensors) {
    at::Tensor tensor = at::empty(shape, at::kFloat);
    SENVEC_RETURN_IF_ERROR(
        ToFloat(*source.Find(name), absl::MakeSpan(tensor.data_ptr<float>(), static_cast<size_t>(tensor.numel()))));
    parameters_.Add(name, tensor);
  }
  return absl::OkStatus();
}

absl::Status TorchSentenceModel::OpenNew(const Options& options) {
  tokenizer_directory_ = options.tokenizer_directory;
  SENVEC_RETURN_IF_ERROR(ReadConfig(options.config_path));
  SENVEC_ASSIGN_OR_RETURN(const ModelConfig config, ModelConfig::FromJson(config_json_, options.config_path));
  const TorchTransformer::Initial initial{
      .seed = options.seed, .deepnorm = options.deepnorm, .pooler = options.pooling == "pooler"};
  transformer_ = std::make_unique<TorchTransformer>(TorchTransformer::Create(config, initial, &parameters_));
  max_tokens_ = Positions(config);
  return ChoosePooling(options.pooling);
}

absl::Status TorchSentenceModel::LoadDense(const std::string& folder, int64_t in) {
  const std::string path = JoinPath(folder, "config.json");
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json config, ReadJsonFile(path));
  SENVEC_ASSIGN_OR_RETURN(const int64_t out, JsonInt(config, "out_features", path));
  SENVEC_ASSIGN_OR_RETURN(const bool has_bias, JsonBoolOr(config, "bias", true, path));
  SENVEC_ASSIGN_OR_RETURN(const std::string activation,
                          JsonStringOr(config, "activation_function", "torch.nn.modules.activation.Tanh", path));
  Dense dense{.name = absl::StrCat("dense.", dense_.size()), .bias = has_bias};
  if (absl::EndsWith(activation, ".Tanh")) {
    dense.activation = Activation::kTanh;
  } else if (!absl::EndsWith(activation, ".Identity")) {
    return absl::UnimplementedError(
        absl::StrCat(path, ": \"activation_function\" is \"", activation, "\"; Identity and Tanh can be trained"));
  }
  const std::string weights_path = JoinPath(folder, "model.safetensors");
  SENVEC_ASSIGN_OR_RETURN(const auto source, WeightSource::OpenSafetensors(weights_path));
  for (const auto& [name, shape] : {std::pair<std::string, std::vector<int64_t>>{"weight", {out, in}},
                                    std::pair<std::string, std::vector<int64_t>>{"bias", {out}}}) {
    if (name == "bias" && !has_bias) continue;
    const TensorView* view = source->Find("linear." + name);
    if (view == nullptr || view->shape != shape) {
      return absl::InvalidArgumentError(absl::StrCat(weights_path, ": tensor linear.", name, " of shape ",
                                                     ShapeString(shape), " is missing"));
    }
    at::Tensor tensor = at::empty(shape, at::kFloat);
    SENVEC_RETURN_IF_ERROR(
        ToFloat(*view, absl::MakeSpan(tensor.data_ptr<float>(), static_cast<size_t>(tensor.numel()))));
    parameters_.Add(absl::StrCat(dense.name, ".", name), tensor);
  }
  dense_.push_back(std::move(dense));
  return absl::OkStatus();
}

int64_t TorchSentenceModel::dim() const {
  return dense_.empty() ? config().hidden_size : parameters_.Get(dense_.back().name + ".weight").size(0);
}

at::Tensor TorchSentenceModel::Pool(const HiddenRows& hidden, const TokenBatch& batch) const {
  const at::ScalarType type = hidden.last.scalar_type() == at::kBFloat16 ? at::kFloat : hidden.last.scalar_type();
  const auto pick = [&](int32_t first, int32_t from_end) {
    std::vector<int32_t> rows;
    for (size_t s = 0; s + 1 < batch.offsets.size(); ++s) {
      rows.push_back(from_end > 0 ? batch.offsets[s + 1] - from_end : batch.offsets[s] + first);
    }
    return hidden.last.index_select(0, Index(rows, hidden.last.device())).to(type);
  };
  at::Tensor vectors;
  switch (pooling_) {
    case Pooling::kCls: vectors = pick(0, 0); break;
    case Pooling::kLast: vectors = pick(0, 1); break;
    case Pooling::kMean: vectors = SequenceMean(hidden.last.to(type), batch); break;
    case Pooling::kMax: vectors = SequenceMax(hidden.last.to(type), batch); break;
    case Pooling::kPooler: vectors = transformer_->Pool(pick(0, 0)); break;
    case Pooling::kFirstLastAvg:
      vectors = (SequenceMean(hidden.last.to(type), batch) + SequenceMean(hidden.first.to(type), batch)) / 2;
      break;
  }
  for (const Dense& dense : dense_) {
    vectors = Multiply(vectors, parameters_.Get(dense.name + ".weight"));
    if (dense.bias) vectors = vectors + parameters_.Get(dense.name + ".bias");
    if (dense.activation == Activation::kTanh) vectors = at::tanh(vectors);
  }
  return vectors;
}

at::Tensor TorchSentenceModel::Encode(const TokenBatch& batch, ForwardSettings settings) const {
  settings.first_block = wants_first_block();
  return Pool(transformer_->Forward(batch, settings), batch);
}

void TorchSentenceModel::AddMlmHead(uint64_t seed) {
  if (parameters_.Has("cls.predictions.bias")) return;
  InitialWeights draw(seed, 0.02, &parameters_);
  draw.Linear("cls.predictions.transform.dense", {config().embedding_size}, config().hidden_size);
  draw.Norm("cls.predictions.transform.LayerNorm", config().embedding_size);
  parameters_.Add("cls.predictions.bias", at::zeros({config().vocab_size}, at::kFloat));
}

at::Tensor TorchSentenceModel::MlmLogits(const at::Tensor& rows) const {
  const auto get = [&](const char* name) -> const at::Tensor& {
    return parameters_.Get(absl::StrCat("cls.predictions.", name));
  };
  at::Tensor turned = BiasActivation(Multiply(rows, get("transform.dense.weight")), get("transform.dense.bias"),
                                     config().hidden_act);
  const at::ScalarType type = turned.scalar_type() == at::kBFloat16 ? at::kFloat : turned.scalar_type();
  turned = at::layer_norm(turned.to(type), {turned.size(1)}, get("transform.LayerNorm.weight"),
                          get("transform.LayerNorm.bias"), config().layer_norm_eps);
  const at::Tensor logits =
      Multiply(turned.to(rows.scalar_type()), parameters_.Get("embeddings.word_embeddings.weight"));
  return logits.to(type) + get("bias");
}

}  // namespace senvec
