#include "train/classifier_file.h"

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/json.h"
#include "base/status_macros.h"
#include "encoder/weights/safetensors_writer.h"
#include "encoder/weights/weight_source.h"

namespace senvec {
namespace {

constexpr char kKey[] = "senvec_classifiers";

bool HasClassifier(const TaskConfig& task) {
  return task.loss == LossKind::kCrossEntropy || task.loss == LossKind::kCrossCoSent;
}

// As Objectives names it among the parameters.
std::string ParameterName(const TaskConfig& task, const char* part) {
  return absl::StrCat("train.", task.name, ".classifier.", part);
}

nlohmann::json Description(const TaskConfig& task, const TaskRows& rows) {
  nlohmann::json json = {{"loss", std::string(LossKindName(task.loss))}};
  if (task.loss == LossKind::kCrossEntropy) json["classes"] = rows.class_names;
  return json;
}

absl::Status Take(const std::string& path, const WeightSource& source, const std::string& name, const at::Tensor& into) {
  const TensorView* view = source.Find(name);
  const at::Tensor values = into.detach();
  if (view == nullptr || view->shape != values.sizes().vec()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": tensor ", name, " of shape ", ShapeString(values.sizes().vec()),
                                                   view == nullptr ? " is missing" : " has another shape",
                                                   "; give the task another name, and its classifier begins anew"));
  }
  return ToFloat(*view, absl::MakeSpan(values.data_ptr<float>(), static_cast<size_t>(values.numel())));
}

}  // namespace

absl::Status SaveClassifiers(const std::string& path, const TrainConfig& config, const TrainingData& data,
                             const ParameterSet& parameters, const std::vector<at::Tensor>& values) {
  nlohmann::json descriptions = nlohmann::json::object();
  std::vector<at::Tensor> kept;  // views point into these
  std::vector<TensorView> views;
  for (size_t t = 0; t < config.tasks.size(); ++t) {
    const TaskConfig& task = config.tasks[t];
    if (!HasClassifier(task)) continue;
    descriptions[task.name] = Description(task, data.tasks()[t]);
    for (const char* part : {"weight", "bias"}) {
      for (size_t i = 0; i < values.size(); ++i) {
        if (parameters.items()[i].name != ParameterName(task, part)) continue;
        kept.push_back(values[i].detach().contiguous());
        const at::Tensor& tensor = kept.back();
        views.push_back({.name = absl::StrCat(task.name, ".", part),
                         .dtype = DType::kF32,
                         .shape = tensor.sizes().vec(),
                         .bytes = absl::string_view(static_cast<const char*>(tensor.data_ptr()),
                                                    static_cast<size_t>(tensor.numel()) * sizeof(float))});
      }
    }
  }
  if (views.empty()) return absl::OkStatus();
  return WriteSafetensors(path, views, {{kKey, DumpJson(descriptions)}});
}

absl::Status LoadClassifiers(const std::string& path, const TrainConfig& config, const TrainingData& data,
                             ParameterSet& parameters) {
  if (!FileExists(path)) return absl::OkStatus();
  SENVEC_ASSIGN_OR_RETURN(const auto source, WeightSource::OpenSafetensors(path));
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json descriptions, ParseJson(source->Metadata(kKey), path));
  for (size_t t = 0; t < config.tasks.size(); ++t) {
    const TaskConfig& task = config.tasks[t];
    if (!HasClassifier(task) || !descriptions.is_object() || !descriptions.contains(task.name)) continue;
    const nlohmann::json wanted = Description(task, data.tasks()[t]);
    if (descriptions[task.name] != wanted) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": the classifier of task \"", task.name, "\" is ",
                                                     DumpJson(descriptions[task.name]), ", the run's is ", DumpJson(wanted),
                                                     "; give the task another name, and its classifier begins anew"));
    }
    for (const char* part : {"weight", "bias"}) {
      SENVEC_RETURN_IF_ERROR(
          Take(path, *source, absl::StrCat(task.name, ".", part), parameters.Get(ParameterName(task, part))));
    }
  }
  return absl::OkStatus();
}

}  // namespace senvec
