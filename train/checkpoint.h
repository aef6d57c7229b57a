#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "encoder/torch/parameter_set.h"
#include "train/adamw.h"

namespace senvec {

// Where a run stands, beside its tensors.
struct TrainingState {
  int64_t steps_done = 0;
  std::string run;   // RunFingerprint()
  std::string data;  // TrainingData::fingerprint()
  double best = -2;  // dev metric so far; below −1 = none
  int64_t best_step = 0;
  double seconds = 0;      // of training, evaluations left out
  int64_t sentences = 0;   // that went through the model
};

// Writes parameters, optimiser and state to one safetensors file, atomically: when the disk is full the old file stays and
// the error (ResourceExhausted) names it.
absl::Status SaveCheckpoint(const std::string& path, const TrainingState& state, const ParameterSet& parameters,
                            AdamW& optimizer);

// Reads them back, in place. NotFound without a file; InvalidArgument names what does not fit the model; FailedPrecondition
// when it was made by a run with other settings or data than `state` has.
absl::Status LoadCheckpoint(const std::string& path, TrainingState* state, ParameterSet& parameters, AdamW& optimizer);

}  // namespace senvec
