#pragma once

#include <atomic>
#include <string>

#include "absl/status/status.h"
#include "train/data/train_config.h"

namespace senvec {

struct TrainerOptions {
  // Where teachers' vectors are kept; "" = OUTPUT/teacher-cache.
  std::string teacher_cache;
  std::string teacher_precision = "auto";
  // How the run was called, for the model card.
  std::string command;
  bool quiet = false;
  // Set from outside to end the run at the next step, with a checkpoint.
  const std::atomic<bool>* stop = nullptr;
};

// Trains what `config` says into config.output: a model directory with the best weights by the dev sets (the last without
// any), README.md, train_log.jsonl and checkpoint.safetensors. A run that was ended at any moment goes on from its
// checkpoint when it is started again, to the same weights, given the same number of threads and the same libtorch.
// Errors leave the last checkpoint: Internal names step, task, file and line of the batch whose loss or gradient is not
// finite; Cancelled after `stop`.
absl::Status Train(const TrainConfig& config, const TrainerOptions& options);

}  // namespace senvec
