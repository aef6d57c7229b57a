#pragma once

#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "absl/status/status.h"
#include "encoder/torch/parameter_set.h"
#include "train/data/train_config.h"
#include "train/data/training_data.h"

namespace senvec {

// The classifiers of a run's cross-encoders (cross_entropy, cross_cosent), which belong to a trained model as much as its
// weights do: one safetensors file, "classifiers.safetensors" of the model's directory, with
//   TASK.weight [classes, dim], TASK.bias [classes]   fp32; logits = weight · x + bias, x the vector of the joint sequence
//                                                     of both texts, not normalised; cross_cosent has one logit, the score
//   senvec_classifiers (metadata)                     {TASK: {"loss": "cross_entropy", "classes": ["0", "1"]}}; no classes
//                                                     for cross_cosent
inline constexpr char kClassifierFile[] = "classifiers.safetensors";

// `values` in the order of parameters.items(). Writes atomically; nothing where no task has a classifier.
absl::Status SaveClassifiers(const std::string& path, const TrainConfig& config, const TrainingData& data,
                             const ParameterSet& parameters, const std::vector<at::Tensor>& values);

// Gives a task the classifier that a task of its name was saved with. Tasks without one, and a missing file, change nothing.
// InvalidArgument names the task whose loss, classes or shape differ.
absl::Status LoadClassifiers(const std::string& path, const TrainConfig& config, const TrainingData& data,
                             ParameterSet& parameters);

}  // namespace senvec
