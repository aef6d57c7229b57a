#include "train/trainer.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/status_macros.h"
#include "base/thread_pool.h"
#include "encoder/tokenizer/tokenizer.h"
#include "encoder/torch/sentence_model.h"
#include "train/adamw.h"
#include "train/checkpoint.h"
#include "train/classifier_file.h"
#include "train/data/model_card.h"
#include "train/data/step_plan.h"
#include "train/data/train_log.h"
#include "train/data/training_data.h"
#include "train/dev_sets.h"
#include "train/gradient_pass.h"
#include "train/objective.h"
#include "train/teacher_vectors.h"

namespace senvec {
namespace {

// Sums since the last line of the log.
struct Tally {
  std::map<std::string, std::pair<double, int64_t>> losses;  // task → sum, count
  double gradient_norm = 0;
  int64_t steps = 0;
  int64_t sentences = 0;
  double seconds = 0;
};

class Run {
 public:
  Run(const TrainConfig& config, const TrainerOptions& options) : config_(config), options_(options) {}

  absl::Status Prepare();
  absl::Status Go();

 private:
  absl::Status OpenModel();
  absl::Status MakeObjectives();
  absl::Status Resume();
  absl::Status ChooseChild();
  absl::Status Step(int64_t step);
  absl::Status CheckFinite(double value, const char* what, int64_t step, const Batch& batch) const;
  absl::Status AfterStep(int64_t done);
  absl::Status Log(int64_t done);
  absl::Status Evaluate(int64_t done);
  absl::Status SaveBest(int64_t done, const std::map<std::string, double>& dev);
  absl::Status SaveState();
  int32_t MaxTokens() const;
  at::ScalarType Compute() const { return config_.precision == "bf16" ? at::kBFloat16 : at::kFloat; }
  double Dropout() const { return config_.model.dropout >= 0 ? config_.model.dropout : model_->config_dropout(); }

  const TrainConfig& config_;
  const TrainerOptions& options_;
  std::unique_ptr<ThreadPool> pool_;
  std::unique_ptr<TorchSentenceModel> model_;
  std::unique_ptr<const Tokenizer> tokenizer_;
  std::unique_ptr<const TrainingData> data_;
  std::unique_ptr<StepPlan> plan_;
  std::unique_ptr<Objectives> objectives_;
  std::unique_ptr<AdamW> optimizer_;
  std::unique_ptr<GradientPass> pass_;
  std::unique_ptr<TrainLog> log_;
  std::unique_ptr<ProgressBar> progress_;
  DevSets dev_;
  TrainingState state_;
  int64_t saved_step_ = 0;  // of the checkpoint on disk; 0 = there is none
  Tally tally_;
};

std::string CheckpointPath(const TrainConfig& config) { return JoinPath(config.output, "checkpoint.safetensors"); }

int32_t Run::MaxTokens() const {
  int32_t longest = 0;
  for (const TaskConfig& task : config_.tasks) longest = std::max(longest, task.max_tokens);
  return std::min(longest, model_->max_tokens());
}

absl::Status Run::OpenModel() {
  const TrainModelConfig& model = config_.model;
  SENVEC_ASSIGN_OR_RETURN(model_, TorchSentenceModel::Open({.directory = model.from,
                                                            .config_path = model.config,
                                                            .tokenizer_directory = model.tokenizer,
                                                            .pooling = model.pooling,
                                                            .dense = model.dense,
                                                            .seed = config_.seed,
                                                            .deepnorm = model.deepnorm}));
  SENVEC_ASSIGN_OR_RETURN(tokenizer_, Tokenizer::FromDirectory(model_->tokenizer_directory()));
  if (tokenizer_->vocab_size() > model_->config().vocab_size) {
    return absl::InvalidArgumentError(absl::StrCat(config_.where, ": the tokenizer has ", tokenizer_->vocab_size(),
                                                   " entries, the model's vocab_size is ",
                                                   model_->config().vocab_size));
  }
  for (const TaskConfig& task : config_.tasks) {
    if (task.max_tokens > model_->max_tokens()) {
      return absl::InvalidArgumentError(absl::StrCat(config_.where, ": task \"", task.name, "\" has max_tokens ",
                                                     task.max_tokens, "; the model takes ", model_->max_tokens()));
    }
  }
  return absl::OkStatus();
}

absl::Status Run::MakeObjectives() {
  std::vector<std::shared_ptr<const TeacherVectors>> teachers(config_.tasks.size());
  const std::string cache = options_.teacher_cache.empty() ? JoinPath(config_.output, "teacher-cache")
                                                           : options_.teacher_cache;
  for (size_t i = 0; i < config_.tasks.size(); ++i) {
    const TaskConfig& task = config_.tasks[i];
    if (task.teacher.empty()) continue;
    const std::set<int32_t> distinct(data_->tasks()[i].texts.begin(), data_->tasks()[i].texts.end());
    const std::vector<int32_t> texts(distinct.begin(), distinct.end());
    SENVEC_ASSIGN_OR_RETURN(teachers[i], TeacherVectors::Load({.directory = task.teacher,
                                                               .prompt = task.teacher_prompt,
                                                               .precision = options_.teacher_precision,
                                                               .cache = cache,
                                                               .mean_share = task.options.mean_share,
                                                               .quiet = options_.quiet},
                                                              data_->texts(), texts, pool_.get()));
  }
  SENVEC_ASSIGN_OR_RETURN(objectives_, Objectives::Create(config_, *data_, model_.get(), std::move(teachers)));
  if (config_.model.from.empty()) return absl::OkStatus();
  return LoadClassifiers(JoinPath(config_.model.from, kClassifierFile), config_, *data_, model_->parameters());
}

absl::Status Run::Resume() {
  state_.run = RunFingerprint(config_);
  state_.data = data_->fingerprint();
  const absl::Status loaded =
      LoadCheckpoint(CheckpointPath(config_), &state_, model_->parameters(), *optimizer_);
  if (loaded.ok()) saved_step_ = state_.steps_done;
  if (loaded.ok() || !absl::IsNotFound(loaded)) return loaded;
  return config_.optimizer.child_tuning == ChildTuning::kTask ? ChooseChild() : absl::OkStatus();
}

// Σ g² of each value over the first steps' batches.
absl::Status Run::ChooseChild() {
  constexpr int64_t kMostSteps = 100;
  std::vector<at::Tensor> fisher;
  const auto& items = model_->parameters().items();
  for (const auto& item : items) fisher.push_back(at::zeros_like(item.value.detach()));
  for (int64_t step = 0; step < std::min(kMostSteps, config_.steps); ++step) {
    model_->parameters().ZeroGradients();
    for (const Batch& batch : plan_->Step(step)) pass_->Run(batch, config_.tasks[batch.task].loss_weight);
    for (size_t i = 0; i < items.size(); ++i) {
      if (items[i].value.grad().defined()) fisher[i].addcmul_(items[i].value.grad(), items[i].value.grad());
    }
  }
  optimizer_->ChooseChild(fisher);
  return absl::OkStatus();
}

absl::Status Run::Prepare() {
  pool_ = ThreadPool::ForThisProcess(config_.threads);
  at::set_num_threads(pool_->num_threads());
  SENVEC_RETURN_IF_ERROR(MakeDirectories(config_.output));
  SENVEC_RETURN_IF_ERROR(OpenModel());
  SENVEC_ASSIGN_OR_RETURN(data_, TrainingData::Load(config_, *tokenizer_, *pool_));
  SENVEC_ASSIGN_OR_RETURN(plan_, StepPlan::Create(config_, *data_));
  SENVEC_ASSIGN_OR_RETURN(dev_, DevSets::Load(config_, *tokenizer_, MaxTokens()));
  SENVEC_RETURN_IF_ERROR(MakeObjectives());
  optimizer_ = std::make_unique<AdamW>(config_.optimizer, config_.seed, &model_->parameters());
  pass_ = std::make_unique<GradientPass>(
      model_.get(), objectives_.get(),
      GradientPass::Options{.dropout = Dropout(), .compute = Compute(), .chunk_rows = config_.chunk_rows});
  SENVEC_RETURN_IF_ERROR(Resume());
  SENVEC_ASSIGN_OR_RETURN(log_, TrainLog::Open(JoinPath(config_.output, "train_log.jsonl"), state_.steps_done));
  progress_ = std::make_unique<ProgressBar>(ProgressBar::Options{.label = "train",
                                                                 .unit = "steps",
                                                                 .total = config_.steps,
                                                                 .before = state_.steps_done,
                                                                 .is_terminal = ProgressBar::IsTerminal(stderr),
                                                                 .quiet = options_.quiet},
                                            absl::Now());
  return absl::OkStatus();
}

absl::Status Run::CheckFinite(double value, const char* what, int64_t step, const Batch& batch) const {
  if (std::isfinite(value)) return absl::OkStatus();
  const TaskConfig& task = config_.tasks[batch.task];
  const TaskRows& rows = data_->tasks()[batch.task];
  const int64_t first = batch.rows.empty() ? 0 : batch.rows[0];
  const std::string kept = saved_step_ == 0 ? "there is no checkpoint yet"
                                            : absl::StrCat("the checkpoint of step ", saved_step_, " stays");
  return absl::InternalError(absl::StrFormat(
      "step %d: the %s of task \"%s\" is %g, in a batch of %d rows whose first is %s:%d; %s. A lower learning_rate, a "
      "longer warm-up or fp32 may help",
      step, what, task.name, value, batch.num_rows(), task.files[rows.file[first]], rows.line[first], kept));
}

absl::Status Run::Step(int64_t step) {
  const absl::Time begin = absl::Now();
  model_->parameters().ZeroGradients();
  const std::vector<Batch> batches = plan_->Step(step);
  for (const Batch& batch : batches) {
    const TaskConfig& task = config_.tasks[batch.task];
    const double loss = pass_->Run(batch, task.loss_weight / config_.accumulation);
    SENVEC_RETURN_IF_ERROR(CheckFinite(loss, "loss", step, batch));
    auto& [sum, count] = tally_.losses[task.name];
    sum += loss;
    ++count;
    tally_.sentences += batch.num_sequences();
    state_.sentences += batch.num_sequences();
  }
  const double norm = optimizer_->GradientNorm();
  SENVEC_RETURN_IF_ERROR(CheckFinite(norm, "gradient", step, batches.back()));
  optimizer_->Step(step, LearningRateAt(config_.optimizer, step, config_.steps), norm);
  tally_.gradient_norm += norm;
  ++tally_.steps;
  const double seconds = absl::ToDoubleSeconds(absl::Now() - begin);
  tally_.seconds += seconds;
  state_.seconds += seconds;
  state_.steps_done = step + 1;
  return absl::OkStatus();
}

absl::Status Run::Log(int64_t done) {
  if (tally_.steps == 0) return absl::OkStatus();
  TrainLogLine line{.step = done,
                    .learning_rate = LearningRateAt(config_.optimizer, done - 1, config_.steps),
                    .gradient_norm = tally_.gradient_norm / static_cast<double>(tally_.steps),
                    .sentences_per_s = static_cast<double>(tally_.sentences) / std::max(tally_.seconds, 1e-9),
                    .seconds = state_.seconds};
  std::string note;
  for (const auto& [task, sums] : tally_.losses) {
    line.loss[task] = sums.first / static_cast<double>(sums.second);
    absl::StrAppendFormat(&note, "%s%s %.4f", note.empty() ? "" : ", ", task, line.loss[task]);
  }
  progress_->SetNote(absl::StrFormat("%.0f sentences/s, loss %s", line.sentences_per_s, note));
  tally_ = {};
  return log_->Append(line);
}

absl::Status Run::SaveBest(int64_t done, const std::map<std::string, double>& dev) {
  SENVEC_RETURN_IF_ERROR(SaveClassifiers(JoinPath(config_.output, kClassifierFile), config_, *data_, model_->parameters(),
                                         optimizer_->Values()));
  SENVEC_RETURN_IF_ERROR(model_->Save(config_.output, optimizer_->Values(), MaxTokens()));
  const ModelConfig& model = model_->config();
  const ModelCardFacts facts{
      .architecture = absl::StrFormat("%s, %d layers x %d, %d heads", model.model_type, model.num_layers,
                                      model.hidden_size, model.num_heads),
      .parameters = model_->parameters().NumElements(),
      .dim = static_cast<int32_t>(model_->dim()),
      .max_tokens = MaxTokens(),
      .command = options_.command,
      .version = SENVEC_VERSION,
      .best_step = done,
      .seconds = state_.seconds,
      .sentences = state_.sentences,
      .dev = dev,
      .tasks = std::vector<TaskReport>(data_->reports().begin(), data_->reports().end())};
  return WriteFileAtomically(JoinPath(config_.output, "README.md"), FormatModelCard(config_, facts));
}

absl::Status Run::Evaluate(int64_t done) {
  if (dev_.empty()) return done == config_.steps ? SaveBest(done, {}) : absl::OkStatus();
  // Averaged weights take the parameters' place for a moment, if there are any.
  std::vector<at::Tensor> own;
  const auto& items = model_->parameters().items();
  if (!optimizer_->averages().empty()) {
    for (size_t i = 0; i < items.size(); ++i) {
      own.push_back(items[i].value.detach().clone());
      items[i].value.detach().copy_(optimizer_->averages()[i]);
    }
  }
  const absl::StatusOr<DevSets::Result> result = dev_.Measure(*model_, Compute());
  for (size_t i = 0; i < own.size(); ++i) items[i].value.detach().copy_(own[i]);
  SENVEC_RETURN_IF_ERROR(result.status());
  const bool best = result->mean > state_.best;
  SENVEC_RETURN_IF_ERROR(log_->Append(
      {.step = done, .seconds = state_.seconds, .dev = result->spearman, .mean = result->mean, .best = best}));
  if (!options_.quiet) absl::FPrintF(stderr, "\nstep %d: dev %.4f%s\n", done, result->mean, best ? ", the best" : "");
  if (!best) return absl::OkStatus();
  state_.best = result->mean;
  state_.best_step = done;
  return SaveBest(done, result->spearman);
}

absl::Status Run::SaveState() {
  SENVEC_RETURN_IF_ERROR(SaveCheckpoint(CheckpointPath(config_), state_, model_->parameters(), *optimizer_));
  saved_step_ = state_.steps_done;
  return absl::OkStatus();
}

absl::Status Run::AfterStep(int64_t done) {
  const bool last = done == config_.steps;
  const bool stopped = options_.stop != nullptr && options_.stop->load();
  if (done % config_.log_every == 0 || last) SENVEC_RETURN_IF_ERROR(Log(done));
  progress_->Update(done, absl::Now());
  if (done % config_.dev_every == 0 || last) SENVEC_RETURN_IF_ERROR(Evaluate(done));
  if (done % config_.checkpoint_every == 0 || last || stopped) SENVEC_RETURN_IF_ERROR(SaveState());
  if (stopped && !last) {
    return absl::CancelledError(absl::StrCat("stopped after step ", done, " of ", config_.steps,
                                             "; the same command goes on from there"));
  }
  return absl::OkStatus();
}

absl::Status Run::Go() {
  while (state_.steps_done < config_.steps) {
    SENVEC_RETURN_IF_ERROR(Step(state_.steps_done));
    SENVEC_RETURN_IF_ERROR(AfterStep(state_.steps_done));
  }
  progress_->Finish(absl::Now());
  return absl::OkStatus();
}

}  // namespace

absl::Status Train(const TrainConfig& config, const TrainerOptions& options) {
  if (config.device != "cpu") {
    return absl::UnimplementedError(absl::StrCat(config.where, ": \"device\" is \"", config.device, "\"; only cpu is served"));
  }
  Run run(config, options);
  SENVEC_RETURN_IF_ERROR(run.Prepare());
  return run.Go();
}

}  // namespace senvec
