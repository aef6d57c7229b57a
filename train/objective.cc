#include "train/objective.h"

#include <algorithm>
#include <string>
#include <utility>

#include <ATen/ATen.h>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "encoder/torch/initial_weights.h"
#include "train/loss/class_losses.h"
#include "train/loss/contrastive_losses.h"
#include "train/loss/distill_loss.h"
#include "train/loss/pair_losses.h"

namespace senvec {
namespace {

constexpr double kHeadDeviation = 0.02;

std::string HeadName(const TaskConfig& task, const char* name) { return absl::StrCat("train.", task.name, ".", name); }

// Every k-th row from `first` on.
at::Tensor Every(const at::Tensor& rows, int64_t first, int64_t k) {
  return rows.slice(0, first, rows.size(0), k);
}

at::Tensor Labels(const Batch& batch) {
  at::Tensor labels = at::empty({batch.num_rows()}, at::kFloat);
  std::copy(batch.labels.begin(), batch.labels.end(), labels.data_ptr<float>());
  return labels;
}

// [rows, candidates]: whether candidate j has the text of row i's `own` or `partner`.
at::Tensor SameTexts(absl::Span<const uint64_t> own, absl::Span<const uint64_t> partner,
                     absl::Span<const uint64_t> candidates) {
  const int64_t n = static_cast<int64_t>(own.size()), m = static_cast<int64_t>(candidates.size());
  at::Tensor same = at::empty({n, m}, at::kBool);
  bool* values = same.data_ptr<bool>();
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < m; ++j) {
      values[i * m + j] = candidates[j] == own[i] || candidates[j] == partner[i];
    }
  }
  return same;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Objectives>> Objectives::Create(
    const TrainConfig& config, const TrainingData& data, TorchSentenceModel* model,
    std::vector<std::shared_ptr<const TeacherVectors>> teachers) {
  std::unique_ptr<Objectives> objectives(new Objectives(config, model, std::move(teachers)));
  for (size_t i = 0; i < config.tasks.size(); ++i) {
    SENVEC_RETURN_IF_ERROR(objectives->AddHeads(static_cast<int32_t>(i), data.tasks()[i]));
  }
  return objectives;
}

bool Objectives::UsesVectors(int32_t task) const {
  const LossKind loss = config_.tasks[task].loss;
  return loss != LossKind::kMlm && loss != LossKind::kSeq2Seq;
}

absl::Status Objectives::AddHeads(int32_t index, const TaskRows& rows) {
  const TaskConfig& task = config_.tasks[index];
  ParameterSet& parameters = model_->parameters();
  InitialWeights draw(config_.seed, kHeadDeviation, &parameters);
  const int64_t dim = model_->dim();
  switch (task.loss) {
    case LossKind::kAmSoftmax:
      draw.Table(HeadName(task, "classes"), rows.num_classes, dim);
      break;
    case LossKind::kSbert:
      draw.Linear(HeadName(task, "classifier"), {rows.num_classes}, 3 * dim);
      break;
    case LossKind::kCrossEntropy:
    case LossKind::kSoftmax:
      draw.Linear(HeadName(task, "classifier"), {rows.num_classes}, dim);
      break;
    case LossKind::kCrossCoSent:
      draw.Linear(HeadName(task, "classifier"), {1}, dim);
      break;
    case LossKind::kMlm:
    case LossKind::kSeq2Seq:
      model_->AddMlmHead(config_.seed);
      break;
    default:
      break;
  }
  const TeacherVectors* teacher = teachers_[index].get();
  if (teacher != nullptr && teacher->dim() != dim) draw.Linear(HeadName(task, "distill"), {teacher->dim()}, dim);
  return absl::OkStatus();
}

at::Tensor Objectives::Head(const TaskConfig& task, const char* name, const at::Tensor& rows) const {
  const std::string head = HeadName(task, name);
  return at::matmul(rows, model_->parameters().Get(head + ".weight").t()) + model_->parameters().Get(head + ".bias");
}

at::Tensor Objectives::Classes(const TaskConfig& task, const Batch& batch, const at::Tensor& logits) const {
  const at::Tensor targets = Labels(batch).to(at::kLong);
  return task.options.exact ? ExactLoss(logits, targets) : CrossEntropyLoss(logits, targets);
}

at::Tensor Objectives::Contrastive(const TaskConfig& task, const Batch& batch, const at::Tensor& vectors) const {
  const int64_t k = batch.sequences_per_row;
  std::vector<uint64_t> hashes[3];
  for (size_t i = 0; i < batch.hashes.size(); ++i) hashes[static_cast<int64_t>(i) % k].push_back(batch.hashes[i]);
  std::vector<uint64_t> candidates = hashes[1];
  candidates.insert(candidates.end(), hashes[2].begin(), hashes[2].end());
  ContrastiveInput input{.a = Every(vectors, 0, k),
                         .b = Every(vectors, 1, k),
                         .same = SameTexts(hashes[0], hashes[1], candidates),
                         .scale = task.options.scale,
                         .both_ways = task.options.both_ways};
  if (k == 3) input.negatives = Every(vectors, 2, k);
  if (input.both_ways) input.same_back = SameTexts(hashes[1], hashes[0], hashes[0]);
  if (task.loss == LossKind::kSimCse) input.both_ways = false;
  return task.loss == LossKind::kFlatNce ? FlatNceLoss(input) : ContrastiveLoss(input);
}

at::Tensor Objectives::Distilled(const TaskConfig& task, const Batch& batch, const at::Tensor& vectors) const {
  const TeacherVectors& teacher = *teachers_[batch.task];
  const at::Tensor students = teacher.dim() == model_->dim() ? vectors : Head(task, "distill", vectors);
  return DistillLoss(students, teacher.Targets(batch.texts), task.options.similarity_weight);
}

at::Tensor Objectives::OwnLoss(const TaskConfig& task, const Batch& batch, const at::Tensor& vectors) const {
  const auto first = [&] { return Every(vectors, 0, 2); };
  const auto second = [&] { return Every(vectors, 1, 2); };
  switch (task.loss) {
    case LossKind::kCoSent:
      return CoSentLoss(RowCosines(first(), second()), Labels(batch), task.options.scale);
    case LossKind::kCosine:
      return CosineLoss(RowCosines(first(), second()), Labels(batch));
    case LossKind::kContrastive:
    case LossKind::kFlatNce:
    case LossKind::kSimCse:
      return Contrastive(task, batch, vectors);
    case LossKind::kSbert:
      return Classes(task, batch, Head(task, "classifier", SentenceBertFeatures(first(), second())));
    case LossKind::kCrossEntropy:
    case LossKind::kSoftmax:
      return Classes(task, batch, Head(task, "classifier", vectors));
    case LossKind::kCrossCoSent:
      return CoSentLoss(Head(task, "classifier", vectors).squeeze(1), Labels(batch), task.options.scale);
    case LossKind::kAmSoftmax: {
      const at::Tensor& classes = model_->parameters().Get(HeadName(task, "classes"));
      const at::Tensor targets = Labels(batch).to(at::kLong);
      const double margin = task.options.adaptive_margin
                                ? AdaptiveMargin(vectors, classes, targets, task.options.margin)
                                : task.options.margin;
      return AmSoftmaxLoss(vectors, classes, targets, task.options.scale, margin);
    }
    case LossKind::kDistill:
      return Distilled(task, batch, vectors);
    case LossKind::kMlm:
    case LossKind::kSeq2Seq:
      break;
  }
  SENVEC_CHECK(false && "a loss of tokens");
}

at::Tensor Objectives::OfVectors(const Batch& batch, const at::Tensor& vectors) const {
  const TaskConfig& task = config_.tasks[batch.task];
  at::Tensor loss = OwnLoss(task, batch, vectors);
  if (task.loss != LossKind::kDistill && task.distill_weight > 0) {
    loss = loss + task.distill_weight * Distilled(task, batch, vectors);
  }
  return loss;
}

at::Tensor Objectives::OfTokens(const at::Tensor& rows, absl::Span<const int32_t> targets) const {
  std::vector<int64_t> places, wanted;
  for (size_t i = 0; i < targets.size(); ++i) {
    if (targets[i] < 0) continue;
    places.push_back(static_cast<int64_t>(i));
    wanted.push_back(targets[i]);
  }
  if (places.empty()) return rows.sum() * 0;
  const at::Tensor logits = model_->MlmLogits(rows.index_select(0, at::tensor(places, at::kLong)));
  return CrossEntropyLoss(logits, at::tensor(wanted, at::kLong)) * static_cast<double>(places.size());
}

}  // namespace senvec
