#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "train/data/train_config.h"
#include "train/data/training_data.h"

namespace senvec {

// The rows of one task that go through the model together. Sequences stand one after the other: those
// of row 0 in the order of its texts, then those of row 1, … A row is
//   one sequence    texts, labelled (distill, mlm, amsoftmax); pairs for cross_entropy, cross_cosent
//                   and seq2seq, both texts in one sequence with types 0 and 1
//   two             pairs, positives, and simcse, whose text stands twice
//   three           triples: text, positive, negative
struct Batch {
  int32_t task = 0;                  // of TrainConfig::tasks
  uint64_t seed = 0;                 // for dropout: of this batch and of no other
  int32_t sequences_per_row = 1;
  std::vector<int32_t> lengths;      // tokens of each sequence, special ones included
  std::vector<int32_t> ids;          // of all sequences, without padding
  std::vector<int32_t> type_ids;     // as long as ids
  std::vector<int32_t> targets;      // mlm, seq2seq: what is to be predicted at each place, −1 = nothing; else empty
  std::vector<float> labels;         // a row each
  std::vector<int64_t> rows;         // of TaskRows
  std::vector<int32_t> texts;        // of TextStore, a sequence each; the first text of a joint one
  std::vector<uint64_t> hashes;      // of these texts: equal ones are no negatives of each other
  int64_t num_rows() const { return static_cast<int64_t>(labels.size()); }
  int64_t num_sequences() const { return static_cast<int64_t>(lengths.size()); }
};

// Which rows each step trains on: a pure function of configuration, data and step, so that a resumed
// run needs no state but its step. A task is drawn by weight · rows^(1/T); each epoch of a task is a
// new permutation of its rows, in windows of bucket_batches batches ordered by length, the batches
// then shuffled. Rows that are left over at the end of an epoch and fill less than half a batch wait for the
// next one. Safe for concurrent use.
class BatchPlan {
 public:
  // `config` and `data` must outlive the plan. InvalidArgument when no task can be drawn, or a task that needs
  // a mask token has none.
  static absl::StatusOr<std::unique_ptr<BatchPlan>> Create(const TrainConfig& config, const TrainingData& data);
  ~BatchPlan();

  // The batches of `step` in [0, steps): `accumulation` drawn ones, each followed by one of every task that
  // has every_step.
  std::vector<Batch> Step(int64_t step) const;
  // Tasks of these batches only; cheap.
  std::vector<int32_t> TasksOf(int64_t step) const;
  // How often task t is passed through in the whole run.
  double Epochs(int32_t task) const;

 private:
  struct Epoch;
  BatchPlan(const TrainConfig& config, const TrainingData& data);
  std::shared_ptr<const Epoch> EpochWith(int32_t task, int64_t ordinal, int64_t* first) const;
  Epoch MakeEpoch(int32_t task, int64_t number) const;

  struct TaskState {
    std::vector<int64_t> epoch_begins;  // ordinal of each epoch's first batch, as far as it is known
    std::shared_ptr<const Epoch> last;  // the epoch used last
    int64_t last_number = -1;
  };

  const TrainConfig& config_;
  const TrainingData& data_;
  std::vector<int32_t> drawn_;         // task of each drawn batch, steps × accumulation
  std::vector<int32_t> ordinal_;       // how many of that task come before it
  std::vector<int32_t> every_step_;    // tasks
  mutable Mutex mutex_;
  mutable std::vector<TaskState> states_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace senvec
