#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "train/data/batch.h"
#include "train/data/train_config.h"
#include "train/data/training_data.h"

namespace senvec {

// Which rows each step trains on: a pure function of configuration, data and step, so that a resumed run needs no state
// but its step. A task is drawn by weight · rows^(1/T). Each epoch of a task is a new permutation of its rows, cut into
// windows of bucket_batches batches that are ordered by length; then the batches are shuffled. Rows that are left over at the
// end of an epoch and fill less than half a batch are not seen in it. Safe for concurrent use.
class StepPlan {
 public:
  // `config` and `data` must outlive the plan. InvalidArgument when a task needs a mask token, or types for two texts, that
  // the tokenizer does not have.
  static absl::StatusOr<std::unique_ptr<StepPlan>> Create(const TrainConfig& config, const TrainingData& data);

  // The batches of `step` in [0, steps): `accumulation` times a drawn one, if any task is drawn, and one of every task
  // that has every_step.
  std::vector<Batch> Step(int64_t step) const;
  // Tasks of these batches; cheap.
  std::vector<int32_t> TasksOf(int64_t step) const;
  // How often a task is passed through in the whole run, about.
  double Epochs(int32_t task) const;

 private:
  struct Epoch {
    std::vector<uint32_t> rows;    // batch after batch
    std::vector<uint32_t> begins;  // of each batch in rows, and the end
    int64_t num_batches() const { return static_cast<int64_t>(begins.size()) - 1; }
  };
  struct TaskState {
    std::vector<int64_t> epoch_begins = {0};  // number of each epoch's first batch, as far as it is known
    std::shared_ptr<const Epoch> last;        // the epoch used last
    int64_t last_number = -1;
  };

  StepPlan(const TrainConfig& config, const TrainingData& data);
  void DrawTasks();
  int64_t RowTokens(int32_t task, int64_t row) const;
  Epoch MakeEpoch(int32_t task, int64_t number) const;
  // The rows of a task's batch `ordinal`, the first being 0.
  std::vector<int64_t> RowsOf(int32_t task, int64_t ordinal) const;
  // Task and its ordinal of each batch of a step.
  std::vector<std::pair<int32_t, int64_t>> Places(int64_t step) const;

  const TrainConfig& config_;
  const TrainingData& data_;
  std::vector<int32_t> drawn_;       // task of each drawn batch of the run
  std::vector<int32_t> ordinal_;     // how many of that task come before it
  std::vector<int32_t> every_step_;  // tasks
  mutable Mutex mutex_;
  mutable std::vector<TaskState> states_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace senvec
