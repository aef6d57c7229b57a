#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/hash.h"
#include "train/data/train_config.h"

namespace senvec {
namespace {

// Each setting goes in as "name=value;", so that no two lists of settings give the same bytes.
class Settings {
 public:
  template <typename T>
  Settings& Number(absl::string_view name, T value) {
    return Add(name, absl::StrCat(value));
  }
  Settings& Real(absl::string_view name, double value) {
    return Add(name, absl::StrCat(absl::Hex(__builtin_bit_cast(uint64_t, value))));
  }
  Settings& File(absl::string_view name, const std::string& path) {
    return Add(name, std::filesystem::path(path).filename().string());
  }
  Settings& Add(absl::string_view name, absl::string_view value) {
    hash_.Add(absl::StrCat(name, "=", value.size(), ":", value, ";"));
    return *this;
  }
  std::string Hex() const { return hash_.Hex(); }

 private:
  Fingerprinter hash_;
};

void AddTask(const TaskConfig& task, Settings& out) {
  out.Add("task", task.name).Add("loss", LossKindName(task.loss)).Add("rows", RowKindName(task.rows));
  for (const std::string& file : task.files) out.File("file", file);
  for (const std::string& column : task.columns) out.Add("column", column);
  for (const auto& [name, key] : task.keys) out.Add("key", name).Add("is", key);
  for (const auto& [word, value] : task.labels) out.Add("word", word).Real("is", value);
  out.Real("weight", task.weight).Number("every_step", task.every_step).Real("loss_weight", task.loss_weight);
  out.Number("batch_size", task.batch_size).Number("max_batch_tokens", task.max_batch_tokens);
  out.Number("max_tokens", task.max_tokens);
  const LossConfig& loss = task.options;
  out.Real("scale", loss.scale).Real("margin", loss.margin).Number("adaptive_margin", loss.adaptive_margin);
  out.Number("both_ways", loss.both_ways).Number("exact", loss.exact).Real("mask_share", loss.mask_share);
  out.Real("mask_rows", loss.mask_rows).Real("mean_share", loss.mean_share);
  out.Real("similarity_weight", loss.similarity_weight);
  out.File("teacher", task.teacher).Add("teacher_prompt", task.teacher_prompt);
  out.Real("distill_weight", task.distill_weight);
}

}  // namespace

std::string RunFingerprint(const TrainConfig& config) {
  Settings out;
  out.Number("seed", config.seed).Number("steps", config.steps).Add("precision", config.precision);
  out.Add("device", config.device).Number("accumulation", config.accumulation).Number("chunk_rows", config.chunk_rows);
  out.Real("temperature", config.temperature).Number("bucket_batches", config.bucket_batches);
  const TrainModelConfig& model = config.model;
  out.File("from", model.from).File("config", model.config).File("tokenizer", model.tokenizer);
  out.Add("pooling", model.pooling).Number("dense", model.dense).Add("prompt", model.prompt);
  out.Real("dropout", model.dropout).Number("deepnorm", model.deepnorm);
  const OptimizerConfig& optimizer = config.optimizer;
  out.Real("learning_rate", optimizer.learning_rate).Real("beta1", optimizer.beta1).Real("beta2", optimizer.beta2);
  out.Real("epsilon", optimizer.epsilon).Real("weight_decay", optimizer.weight_decay);
  out.Number("warmup_steps", optimizer.warmup_steps).Number("schedule", static_cast<int>(optimizer.schedule));
  out.Real("lowest_share", optimizer.lowest_share).Real("clip_norm", optimizer.clip_norm).Real("ema", optimizer.ema);
  out.Number("child_tuning", static_cast<int>(optimizer.child_tuning)).Real("child_share", optimizer.child_share);
  for (const TaskConfig& task : config.tasks) AddTask(task, out);
  return out.Hex();
}

}  // namespace senvec
