// What TorchSentenceModel writes.
#include <utility>

#include <ATen/ATen.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/json.h"
#include "base/status_macros.h"
#include "encoder/torch/sentence_model.h"
#include "encoder/weights/safetensors_writer.h"

namespace senvec {
namespace {

TensorView ViewOf(std::string name, const at::Tensor& tensor) {
  return {.name = std::move(name),
          .dtype = DType::kF32,
          .shape = tensor.sizes().vec(),
          .bytes = absl::string_view(static_cast<const char*>(tensor.data_ptr()),
                                     static_cast<size_t>(tensor.numel()) * sizeof(float))};
}

// Written only where it differs, so that saving anew touches nothing but the weights.
absl::Status WriteIfNew(const std::string& path, absl::string_view contents) {
  if (FileExists(path)) {
    SENVEC_ASSIGN_OR_RETURN(const std::string old, ReadFile(path));
    if (old == contents) return absl::OkStatus();
  }
  return WriteFileAtomically(path, contents);
}

absl::Status WriteJson(const std::string& path, const nlohmann::json& json) {
  return WriteIfNew(path, json.dump(2) + "\n");
}

nlohmann::json Module(int index, const std::string& path, const char* type) {
  return {{"idx", index},
          {"name", std::to_string(index)},
          {"path", path},
          {"type", absl::StrCat("sentence_transformers.models.", type)}};
}

std::string ModulePath(size_t index, const char* type) { return absl::StrCat(index, "_", type); }

}  // namespace

absl::Status TorchSentenceModel::SavePooling(const std::string& folder) const {
  SENVEC_RETURN_IF_ERROR(MakeDirectories(folder));
  nlohmann::json json = {{"word_embedding_dimension", config().hidden_size}, {"include_prompt", true}};
  if (pooling_ == Pooling::kPooler || pooling_ == Pooling::kFirstLastAvg) {
    json["pooling_mode"] = std::string(PoolingName(pooling_));  // sentence-transformers has no flags for these
  } else {
    json["pooling_mode_cls_token"] = pooling_ == Pooling::kCls;
    json["pooling_mode_mean_tokens"] = pooling_ == Pooling::kMean;
    json["pooling_mode_max_tokens"] = pooling_ == Pooling::kMax;
    json["pooling_mode_lasttoken"] = pooling_ == Pooling::kLast;
    json["pooling_mode_mean_sqrt_len_tokens"] = false;
    json["pooling_mode_weightedmean_tokens"] = false;
  }
  return WriteJson(JoinPath(folder, "config.json"), json);
}

absl::Status TorchSentenceModel::SaveDense(const Dense& dense, const std::string& folder,
                                           const std::vector<at::Tensor>& values) const {
  SENVEC_RETURN_IF_ERROR(MakeDirectories(folder));
  std::vector<at::Tensor> kept;
  std::vector<TensorView> views;
  for (size_t i = 0; i < values.size(); ++i) {
    const std::string& name = parameters_.items()[i].name;
    if (!absl::StartsWith(name, dense.name + ".")) continue;
    kept.push_back(values[i].detach().contiguous());
    views.push_back(ViewOf(absl::StrCat("linear.", name.substr(dense.name.size() + 1)), kept.back()));
  }
  const at::Tensor& weight = parameters_.Get(dense.name + ".weight");
  SENVEC_RETURN_IF_ERROR(WriteJson(
      JoinPath(folder, "config.json"),
      {{"in_features", weight.size(1)},
       {"out_features", weight.size(0)},
       {"bias", dense.bias},
       {"activation_function", dense.activation == Activation::kTanh ? "torch.nn.modules.activation.Tanh"
                                                                     : "torch.nn.modules.linear.Identity"}}));
  return WriteSafetensors(JoinPath(folder, "model.safetensors"), views, {{"format", "pt"}});
}

absl::Status TorchSentenceModel::SaveWeights(const std::string& path, const std::vector<at::Tensor>& values) const {
  std::vector<at::Tensor> kept;  // views point into these
  std::vector<std::pair<std::string, size_t>> names;
  const auto add = [&](std::string name, const at::Tensor& tensor) {
    kept.push_back(tensor.detach().contiguous());
    names.emplace_back(std::move(name), kept.size() - 1);
  };
  for (size_t i = 0; i < values.size(); ++i) {
    const std::string& name = parameters_.items()[i].name;
    if (absl::StartsWith(name, "dense.") || absl::StartsWith(name, "train.")) continue;
    const size_t qkv = name.find(".qkv.");
    if (qkv == std::string::npos) {
      add(name, values[i]);
      continue;
    }
    const std::vector<at::Tensor> parts = values[i].detach().chunk(3);
    const char* const part_names[] = {".query.", ".key.", ".value."};
    for (size_t p = 0; p < 3; ++p) {
      add(absl::StrCat(name.substr(0, qkv), part_names[p], name.substr(qkv + 5)), parts[p]);
    }
  }
  std::vector<TensorView> views;
  for (auto& [name, index] : names) views.push_back(ViewOf(std::move(name), kept[index]));
  return WriteSafetensors(path, views, {{"format", "pt"}});
}

absl::Status TorchSentenceModel::SaveModules(const std::string& directory) const {
  nlohmann::json modules = nlohmann::json::array();
  modules.push_back(Module(0, "", "Transformer"));
  modules.push_back(Module(1, ModulePath(1, "Pooling"), "Pooling"));
  for (size_t i = 0; i < dense_.size(); ++i) {
    modules.push_back(Module(static_cast<int>(2 + i), ModulePath(2 + i, "Dense"), "Dense"));
  }
  modules.push_back(Module(static_cast<int>(2 + dense_.size()), ModulePath(2 + dense_.size(), "Normalize"), "Normalize"));
  return WriteJson(JoinPath(directory, "modules.json"), modules);
}

absl::Status TorchSentenceModel::CopyFiles(const std::string& directory) const {
  SENVEC_RETURN_IF_ERROR(WriteIfNew(JoinPath(directory, "config.json"), config_json_));
  for (const char* name :
       {"tokenizer.json", "vocab.txt", "tokenizer_config.json", "special_tokens_map.json", "sentencepiece.bpe.model"}) {
    const std::string from = JoinPath(tokenizer_directory_, name);
    if (!FileExists(from)) continue;
    SENVEC_ASSIGN_OR_RETURN(const std::string contents, ReadFile(from));
    SENVEC_RETURN_IF_ERROR(WriteIfNew(JoinPath(directory, name), contents));
  }
  if (prompts_json_.empty()) return absl::OkStatus();
  return WriteIfNew(JoinPath(directory, "config_sentence_transformers.json"), prompts_json_);
}

absl::Status TorchSentenceModel::Save(const std::string& directory, const std::vector<at::Tensor>& values,
                                      int32_t max_tokens) const {
  SENVEC_RETURN_IF_ERROR(MakeDirectories(directory));
  SENVEC_RETURN_IF_ERROR(CopyFiles(directory));
  SENVEC_RETURN_IF_ERROR(WriteJson(JoinPath(directory, "sentence_bert_config.json"),
                                   {{"max_seq_length", max_tokens}, {"do_lower_case", false}}));
  SENVEC_RETURN_IF_ERROR(SavePooling(JoinPath(directory, ModulePath(1, "Pooling"))));
  for (size_t i = 0; i < dense_.size(); ++i) {
    SENVEC_RETURN_IF_ERROR(SaveDense(dense_[i], JoinPath(directory, ModulePath(2 + i, "Dense")), values));
  }
  SENVEC_RETURN_IF_ERROR(SaveModules(directory));
  return SaveWeights(JoinPath(directory, "model.safetensors"), values);
}

}  // namespace senvec
