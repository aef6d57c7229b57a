// What a training run is given: its configuration, rows of every kind, evaluation files that they are held against, and a log
// of a run before. An error with a message, or batches that keep what batch.h promises.
#include <algorithm>
#include <cstdint>
#include <memory>

#include "base/check.h"
#include "encoder/tokenizer/tokenizer.h"
#include "fuzz/input_folder.h"
#include "train/data/step_plan.h"
#include "train/data/train_log.h"
#include "train/data/vocabulary.h"

namespace {

using namespace senvec;

constexpr const char* kNames[] = {"run.json", "rows.tsv", "rows.jsonl", "test.tsv", "test.jsonl", "train_log.jsonl"};
constexpr int64_t kMostSteps = 50;

std::unique_ptr<const Tokenizer> SmallTokenizer() {
  const VocabularyOptions options = {.size = 400, .min_frequency = 1};
  const auto vocabulary = LearnVocabulary({{"ab", 2}, {"abc", 2}, {"好", 1}}, options);
  SENVEC_CHECK(vocabulary.ok());
  auto tokenizer = Tokenizer::FromJson(FormatTokenizerJson(vocabulary->tokens, options), "fuzz");
  SENVEC_CHECK(tokenizer.ok());
  return *std::move(tokenizer);
}

// Whether only files of the input are read.
bool StaysInside(const TrainConfig& config, const InputFolder& folder) {
  std::vector<std::string> files = config.guard.files;
  for (const TaskConfig& task : config.tasks) files.insert(files.end(), task.files.begin(), task.files.end());
  for (const DevConfig& dev : config.dev) files.push_back(dev.file);
  return std::all_of(files.begin(), files.end(), [&](const std::string& file) {
    return std::any_of(std::begin(kNames), std::end(kNames), [&](const char* name) { return file == folder / name; });
  });
}

void CheckBatch(const Batch& batch, const TrainConfig& config, const TrainingData& data) {
  size_t tokens = 0;
  for (const int32_t length : batch.lengths) {
    SENVEC_CHECK(length >= 1 && length <= config.tasks[batch.task].max_tokens);
    tokens += static_cast<size_t>(length);
  }
  SENVEC_CHECK(tokens == batch.ids.size() && tokens == batch.type_ids.size());
  SENVEC_CHECK(batch.targets.empty() || batch.targets.size() == tokens);
  SENVEC_CHECK(batch.num_sequences() == batch.num_rows() * batch.sequences_per_row && batch.num_rows() >= 1);
  for (const int32_t id : batch.ids) SENVEC_CHECK(id >= 0 && id < data.vocab_size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const InputFolder folder;
  static ThreadPool pool(1);
  static const std::unique_ptr<const Tokenizer> tokenizer = SmallTokenizer();
  folder.WriteParts({reinterpret_cast<const char*>(data), size}, kNames);
  const auto log = ReadTrainLog(folder / "train_log.jsonl");
  if (log.ok()) {
    for (const TrainLogLine& line : *log) SENVEC_CHECK(ParseTrainLogLine(FormatTrainLogLine(line), "again").ok());
  }
  auto config = TrainConfig::FromFile(folder / "run.json", {{"X", "rows"}});
  if (!config.ok()) {
    SENVEC_CHECK(!config.status().message().empty());
    return 0;
  }
  if (!StaysInside(*config, folder) || config->steps * config->accumulation > 100000) return 0;
  const auto loaded = TrainingData::Load(*config, *tokenizer, pool);
  SENVEC_CHECK(loaded.ok() || !loaded.status().message().empty());
  if (!loaded.ok()) return 0;
  const auto plan = StepPlan::Create(*config, **loaded);
  if (!plan.ok() || config->accumulation > 16) return 0;
  for (int64_t step = 0; step < std::min(config->steps, kMostSteps); ++step) {
    for (const Batch& batch : (*plan)->Step(step)) CheckBatch(batch, *config, **loaded);
  }
  return 0;
}
