#include "train/checkpoint.h"

#include <utility>
#include <vector>

#include <ATen/ATen.h>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/json.h"
#include "base/status_macros.h"
#include "encoder/weights/safetensors_writer.h"
#include "encoder/weights/weight_source.h"

namespace senvec {
namespace {

constexpr char kStateKey[] = "senvec_training";

// Every tensor of a run by its name in the file.
std::vector<std::pair<std::string, at::Tensor>> Tensors(const ParameterSet& parameters, AdamW& optimizer) {
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  const std::vector<ParameterSet::Item>& items = parameters.items();
  const auto add = [&](const char* kind, const std::vector<at::Tensor>& values) {
    for (size_t i = 0; i < values.size(); ++i) tensors.emplace_back(absl::StrCat(kind, "/", items[i].name), values[i]);
  };
  for (const ParameterSet::Item& item : items) tensors.emplace_back("value/" + item.name, item.value.detach());
  add("first", optimizer.first());
  add("second", optimizer.second());
  add("average", optimizer.averages());
  add("child", optimizer.child());
  return tensors;
}

nlohmann::json StateJson(const TrainingState& state) {
  return {{"steps_done", state.steps_done}, {"run", state.run},           {"data", state.data},
          {"best", state.best},             {"best_step", state.best_step}, {"seconds", state.seconds},
          {"sentences", state.sentences}};
}

absl::Status ReadState(const std::string& path, const std::string& text, TrainingState* state) {
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json json, ParseJson(text, path));
  TrainingState read;
  SENVEC_ASSIGN_OR_RETURN(read.steps_done, JsonInt(json, "steps_done", path));
  SENVEC_ASSIGN_OR_RETURN(read.run, JsonString(json, "run", path));
  SENVEC_ASSIGN_OR_RETURN(read.data, JsonString(json, "data", path));
  SENVEC_ASSIGN_OR_RETURN(read.best, JsonDouble(json, "best", path));
  SENVEC_ASSIGN_OR_RETURN(read.best_step, JsonInt(json, "best_step", path));
  SENVEC_ASSIGN_OR_RETURN(read.seconds, JsonDouble(json, "seconds", path));
  SENVEC_ASSIGN_OR_RETURN(read.sentences, JsonInt(json, "sentences", path));
  if (read.run != state->run || read.data != state->data) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " was made by a run with other ", read.run != state->run ? "settings" : "data",
                     "; take them as they were, another output, or remove the file to begin anew"));
  }
  *state = read;
  return absl::OkStatus();
}

}  // namespace

absl::Status SaveCheckpoint(const std::string& path, const TrainingState& state, const ParameterSet& parameters,
                            AdamW& optimizer) {
  const auto tensors = Tensors(parameters, optimizer);
  std::vector<TensorView> views;
  for (const auto& [name, tensor] : tensors) {
    views.push_back({.name = name,
                     .dtype = DType::kF32,
                     .shape = tensor.sizes().vec(),
                     .bytes = absl::string_view(static_cast<const char*>(tensor.data_ptr()),
                                                static_cast<size_t>(tensor.numel()) * sizeof(float))});
  }
  const absl::Status status = WriteSafetensors(path, views, {{kStateKey, DumpJson(StateJson(state))}});
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat("the checkpoint was not written, the one before it stays: ",
                                                  status.message()));
}

absl::Status LoadCheckpoint(const std::string& path, TrainingState* state, ParameterSet& parameters,
                            AdamW& optimizer) {
  if (!FileExists(path)) return absl::NotFoundError(absl::StrCat("there is no checkpoint ", path));
  SENVEC_ASSIGN_OR_RETURN(const auto source, WeightSource::OpenSafetensors(path));
  SENVEC_RETURN_IF_ERROR(ReadState(path, source->Metadata(kStateKey), state));
  // Whether a child was chosen is known from the file.
  if (source->Find(absl::StrCat("child/", parameters.items()[0].name)) != nullptr && optimizer.child().empty()) {
    for (const ParameterSet::Item& item : parameters.items()) {
      optimizer.child().push_back(at::zeros(item.value.sizes(), at::kFloat));
    }
  }
  for (const auto& [name, tensor] : Tensors(parameters, optimizer)) {
    const TensorView* view = source->Find(name);
    if (view == nullptr || view->shape != tensor.sizes().vec()) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": tensor ", name, " ",
                                                     view == nullptr ? "is missing" : "has another shape",
                                                     "; the checkpoint is of another model"));
    }
    SENVEC_RETURN_IF_ERROR(
        ToFloat(*view, absl::MakeSpan(tensor.data_ptr<float>(), static_cast<size_t>(tensor.numel()))));
  }
  return absl::OkStatus();
}

}  // namespace senvec
