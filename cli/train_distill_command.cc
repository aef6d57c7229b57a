#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/json.h"
#include "base/status_macros.h"
#include "cli/command.h"
#include "cli/torch_program.h"

namespace senvec {
namespace {

struct DistillFlags {
  std::string teacher, prompt, student, tokenizer, output, dev;
  std::string precision = "bf16", teacher_precision = "auto", teacher_cache;
  std::vector<std::string> files;
  int64_t steps = 10000, batch_size = 256, max_tokens = 64, dense = 0, seed = 1;
  double learning_rate = 1e-3;
};

// As the configuration, which stands in another folder, needs it.
std::string Absolute(const std::string& path) {
  return path.empty() ? path : std::filesystem::absolute(path).string();
}

// The run as a configuration, which is what makes it repeatable.
std::string Configuration(const DistillFlags& flags) {
  nlohmann::json model = {{"dropout", 0}};
  if (DirectoryExists(flags.student)) {
    model["from"] = Absolute(flags.student);
  } else {
    model["config"] = Absolute(flags.student);
    model["tokenizer"] = Absolute(flags.tokenizer);
  }
  std::vector<std::string> files;
  for (const std::string& file : flags.files) files.push_back(Absolute(file));
  if (flags.dense > 0) model["dense"] = flags.dense;
  nlohmann::json json = {
      {"output", Absolute(flags.output)},
      {"seed", flags.seed},
      {"steps", flags.steps},
      {"precision", flags.precision},
      {"model", model},
      {"optimizer",
       {{"learning_rate", flags.learning_rate},
        {"schedule", "cosine"},
        {"warmup_steps", std::min<int64_t>(flags.steps / 20, 1000)}}},
      {"tasks",
       {{{"name", "distill"},
         {"loss", "distill"},
         {"files", files},
         {"teacher", Absolute(flags.teacher)},
         {"teacher_prompt", flags.prompt},
         {"batch_size", flags.batch_size},
         {"max_tokens", flags.max_tokens}}}}};
  if (!flags.dev.empty()) json["dev"] = {{{"name", "dev"}, {"file", Absolute(flags.dev)}}};
  return json.dump(2) + "\n";
}

absl::Status Distill(const DistillFlags& flags) {
  SENVEC_RETURN_IF_ERROR(MakeDirectories(flags.output));
  const std::string path = JoinPath(flags.output, "train_config.json");
  SENVEC_RETURN_IF_ERROR(WriteFileAtomically(path, Configuration(flags)));
  return ExecTorchProgram("senvec-train", {"--config", path, "--teacher-cache", flags.teacher_cache, "--teacher-precision",
                      flags.teacher_precision, "--command", "senvec train --config train_config.json"});
}

}  // namespace

CommandRunner DeclareTrainDistill(FlagSet& flags) {
  auto distill = std::make_shared<DistillFlags>();
  flags.Describe(
      "Teaches a small model the vectors of a large one, from texts without labels. The texts are embedded once by the "
      "teacher and kept; then the student learns the teacher's vectors, less most of their mean, and how alike the texts "
      "of a batch are.\n"
      "The run is written to OUTPUT/train_config.json, which `senvec train --config` takes with more tasks beside it.");
  flags.Add("--teacher", "DIR", &distill->teacher, "the model whose vectors are learnt").Required();
  flags.Add("--student", "DIR|FILE", &distill->student,
            "a model directory to go on from, or the config.json of a new model").Required();
  flags.Add("--tokenizer", "DIR", &distill->tokenizer, "tokenizer of a new student, see `senvec train vocab`");
  flags.Add("--output", "DIR", &distill->output, "the directory of the trained model").Required();
  flags.Add("--dev", "FILE", &distill->dev, "scored pairs; the best weights on them are kept");
  flags.Add("--prompt", "TEXT", &distill->prompt, "what the teacher wants before each text, such as \"query: \"");
  flags.Add("--steps", "N", &distill->steps, "steps of the optimiser").Between(1, 1e9);
  flags.Add("--batch-size", "N", &distill->batch_size, "texts to a step").Between(2, 65536);
  flags.Add("--max-tokens", "N", &distill->max_tokens, "longest text in tokens; more is cut").Between(3, 512);
  flags.Add("--dense", "N", &distill->dense,
            "a linear head of so many outputs, kept in the model; without it one to the teacher's size is trained and left out");
  flags.Add("--learning-rate", "R", &distill->learning_rate, "at the top of the schedule");
  flags.Add("--precision", "NAME", &distill->precision, "arithmetic of the student").OneOf({"fp32", "bf16"});
  flags.Add("--teacher-precision", "NAME", &distill->teacher_precision, "arithmetic of the teacher")
      .OneOf({"auto", "fp32", "bf16", "int8"});
  flags.Add("--teacher-cache", "DIR", &distill->teacher_cache, "where the teacher's vectors are kept");
  flags.Add("--seed", "N", &distill->seed, "of everything that is drawn").Between(0, 1e9);
  flags.AddPositionals("FILE...", &distill->files, "texts, one a line");
  flags.Example(
      "senvec train distill --teacher models/multilingual-e5-small --prompt 'query: ' --student small.json "
      "--tokenizer vocab --output models/small sentences.txt",
      "a new small model");
  return [distill] { return Distill(*distill); };
}

}  // namespace senvec
