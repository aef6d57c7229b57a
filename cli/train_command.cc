#include <memory>
#include <string>

#include "base/status_macros.h"
#include "cli/command.h"
#include "cli/torch_program.h"
#include "cli/usage_error.h"

namespace senvec {
namespace {

struct TrainFlags {
  std::string config;
  std::string teacher_cache;
  std::string teacher_precision = "auto";
  bool quiet = false;
};

}  // namespace

CommandRunner DeclareTrain(FlagSet& flags) {
  auto train = std::make_shared<TrainFlags>();
  flags.Describe(
      "Trains a model on your own texts and pairs, as a configuration says: data sets, losses, learning rate, dev sets. "
      "docs/training.md explains every key.\n"
      "The output is a directory that every other command loads, with a model card and the curves in train_log.jsonl. A "
      "run that was stopped, or killed, goes on where its last checkpoint is when the same command is given again, and "
      "ends with the same weights as one that was not.");
  flags.Add("--config", "FILE", &train->config, "what to train on, and how; JSON").Required();
  flags.Add("--teacher-cache", "DIR", &train->teacher_cache,
            "where vectors of teachers are kept for the next run; by default in the output");
  flags.Add("--teacher-precision", "NAME", &train->teacher_precision, "arithmetic of teachers")
      .OneOf({"auto", "fp32", "bf16", "int8"});
  flags.Add("--quiet", &train->quiet, "no progress");
  flags.Example("senvec train --config recipe.json", "a run from its first step, or from its last checkpoint");
  return [train] {
    return ExecTorchProgram("senvec-train", {"--config", train->config, "--teacher-cache", train->teacher_cache, "--teacher-precision",
                        train->teacher_precision, "--quiet", train->quiet ? "yes" : "no", "--command",
                        "senvec train --config " + train->config});
  };
}

}  // namespace senvec
