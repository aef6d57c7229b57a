#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <ATen/core/Tensor.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "encoder/torch/sentence_model.h"
#include "train/data/batch.h"
#include "train/data/train_config.h"
#include "train/data/training_data.h"
#include "train/teacher_vectors.h"

namespace senvec {

// The losses of a run's tasks, with what they train beside the model: classifiers and heads, added to its parameters
// as "train.TASK.…", and the head of masked language models as "cls.predictions.…", which is saved with the model.
class Objectives {
 public:
  // Teachers by task; null where a task has none. Everything must outlive this.
  static absl::StatusOr<std::unique_ptr<Objectives>> Create(
      const TrainConfig& config, const TrainingData& data, TorchSentenceModel* model,
      std::vector<std::shared_ptr<const TeacherVectors>> teachers);

  // Whether a task's loss is made of vectors, one a sequence; else of tokens.
  bool UsesVectors(int32_t task) const;
  // Whether its second text is written from the first, under UniLM's mask.
  bool IsGenerated(int32_t task) const { return config_.tasks[task].loss == LossKind::kSeq2Seq; }
  // The loss of a batch, loss_weight left out, from its vectors: sequences × dim.
  at::Tensor OfVectors(const Batch& batch, const at::Tensor& vectors) const;
  // The sum over a batch's targets of −log of what is to be said, from its last rows: tokens × hidden. `targets`
  // belongs to these rows; see Batch::targets.
  at::Tensor OfTokens(const at::Tensor& rows, absl::Span<const int32_t> targets) const;

 private:
  Objectives(const TrainConfig& config, TorchSentenceModel* model,
             std::vector<std::shared_ptr<const TeacherVectors>> teachers)
      : config_(config), model_(model), teachers_(std::move(teachers)) {}
  absl::Status AddHeads(int32_t task, const TaskRows& rows);
  at::Tensor OwnLoss(const TaskConfig& task, const Batch& batch, const at::Tensor& vectors) const;
  at::Tensor Contrastive(const TaskConfig& task, const Batch& batch, const at::Tensor& vectors) const;
  at::Tensor Classes(const TaskConfig& task, const Batch& batch, const at::Tensor& logits) const;
  at::Tensor Distilled(const TaskConfig& task, const Batch& batch, const at::Tensor& vectors) const;
  // rows · weightᵀ + bias of the head "train.TASK.NAME".
  at::Tensor Head(const TaskConfig& task, const char* name, const at::Tensor& rows) const;

  const TrainConfig& config_;
  TorchSentenceModel* const model_;
  const std::vector<std::shared_ptr<const TeacherVectors>> teachers_;
};

}  // namespace senvec
