#include "train/data/train_config.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/file.h"
#include "base/json.h"
#include "base/status_macros.h"
#include "train/data/config_reader.h"
#include "train/data/json_lines.h"

namespace senvec {
namespace {

constexpr int64_t kMaxSteps = 100'000'000;
constexpr int64_t kMaxBatches = 1'000'000'000;  // of a run; the plan keeps 8 bytes for each
constexpr double kAnyReal = 1e9;

const ConfigReader::Words<LossKind> kLosses = {
    {"cosent", LossKind::kCoSent},           {"amsoftmax", LossKind::kAmSoftmax},
    {"softmax", LossKind::kSoftmax},
    {"contrastive", LossKind::kContrastive}, {"flatnce", LossKind::kFlatNce},
    {"simcse", LossKind::kSimCse},           {"sbert", LossKind::kSbert},
    {"cosine", LossKind::kCosine},           {"cross_entropy", LossKind::kCrossEntropy},
    {"cross_cosent", LossKind::kCrossCoSent}, {"seq2seq", LossKind::kSeq2Seq},
    {"mlm", LossKind::kMlm},                 {"distill", LossKind::kDistill}};

const ConfigReader::Words<RowKind> kRows = {{"texts", RowKind::kTexts},
                                            {"labelled", RowKind::kLabelled},
                                            {"positives", RowKind::kPositives},
                                            {"triples", RowKind::kTriples},
                                            {"pairs", RowKind::kPairs}};

template <typename E>
absl::string_view NameIn(const ConfigReader::Words<E>& words, E wanted) {
  for (const auto& [name, value] : words) {
    if (value == wanted) return name;
  }
  return "";
}

// What a loss can read; the first is the default.
std::vector<RowKind> RowsFor(LossKind loss) {
  switch (loss) {
    case LossKind::kAmSoftmax:
    case LossKind::kSoftmax:
      return {RowKind::kLabelled};
    case LossKind::kContrastive:
    case LossKind::kFlatNce:
      return {RowKind::kPositives, RowKind::kTriples};
    case LossKind::kSeq2Seq:
      return {RowKind::kPositives};
    case LossKind::kSimCse:
    case LossKind::kMlm:
    case LossKind::kDistill:
      return {RowKind::kTexts};
    case LossKind::kCoSent:
    case LossKind::kSbert:
    case LossKind::kCosine:
    case LossKind::kCrossEntropy:
    case LossKind::kCrossCoSent:
      return {RowKind::kPairs};
  }
  return {RowKind::kPairs};
}

// Names that the fields of a row have.
std::vector<std::string> FieldsOf(RowKind rows) {
  switch (rows) {
    case RowKind::kTexts:
      return {"text"};
    case RowKind::kLabelled:
      return {"text", "label"};
    case RowKind::kPositives:
      return {"text_a", "text_b"};
    case RowKind::kTriples:
      return {"text_a", "text_b", "negative"};
    case RowKind::kPairs:
      return {"text_a", "text_b", "label"};
  }
  return {};
}

void ReadModel(ConfigReader& in, TrainModelConfig& model) {
  in.Path("from", &model.from);
  in.Path("config", &model.config);
  in.Path("tokenizer", &model.tokenizer);
  in.Choice<std::string>("pooling", &model.pooling,
                         {{"cls", "cls"}, {"mean", "mean"}, {"max", "max"}, {"last", "last"}, {"pooler", "pooler"},
                          {"first_last_avg", "first_last_avg"}});
  in.Whole("dense", &model.dense, 0, 65536);
  in.Text("prompt", &model.prompt);
  in.Real("dropout", &model.dropout, 0, 0.9);
  in.Flag("deepnorm", &model.deepnorm);
  if (model.from.empty() && (model.config.empty() || model.tokenizer.empty())) {
    in.Fail("", "needs \"from\", a model directory, or \"config\" and \"tokenizer\" for a new model");
  } else if (!model.from.empty() && (!model.config.empty() || !model.tokenizer.empty())) {
    in.Fail("from", "and \"config\" or \"tokenizer\" are both given; a run begins at one of them");
  } else if (!model.from.empty() && model.deepnorm) {
    in.Fail("deepnorm", "draws weights of a new model, but \"from\" brings its own");
  }
}

void ReadOptimizer(ConfigReader& in, OptimizerConfig& optimizer) {
  in.Real("learning_rate", &optimizer.learning_rate, 1e-10, 10);
  in.Real("beta1", &optimizer.beta1, 0, 0.9999999);
  in.Real("beta2", &optimizer.beta2, 0, 0.9999999);
  in.Real("epsilon", &optimizer.epsilon, 1e-16, 1);
  in.Real("weight_decay", &optimizer.weight_decay, 0, 10);
  in.Whole("warmup_steps", &optimizer.warmup_steps, 0, kMaxSteps);
  in.Choice<LearningRateSchedule>("schedule", &optimizer.schedule,
                                  {{"constant", LearningRateSchedule::kConstant},
                                   {"linear", LearningRateSchedule::kLinear},
                                   {"cosine", LearningRateSchedule::kCosine}});
  in.Real("lowest_share", &optimizer.lowest_share, 0, 1);
  in.Real("clip_norm", &optimizer.clip_norm, 0, kAnyReal);
  in.Real("ema", &optimizer.ema, 0, 0.9999999);
  in.Choice<ChildTuning>("child_tuning", &optimizer.child_tuning,
                         {{"none", ChildTuning::kNone}, {"free", ChildTuning::kFree}, {"task", ChildTuning::kTask}});
  in.Real("child_share", &optimizer.child_share, 0.001, 1);
}

void ReadLossOptions(ConfigReader& in, LossConfig& loss) {
  in.Real("scale", &loss.scale, 1e-3, 1e4);
  in.Real("margin", &loss.margin, 0, 2);
  in.Flag("adaptive_margin", &loss.adaptive_margin);
  in.Flag("both_ways", &loss.both_ways);
  in.Flag("exact", &loss.exact);
  in.Real("mask_share", &loss.mask_share, 0, 0.9);
  in.Real("mask_rows", &loss.mask_rows, 0, 1);
  in.Real("mean_share", &loss.mean_share, 0, 1);
  in.Real("similarity_weight", &loss.similarity_weight, 0, kAnyReal);
}

// Columns of a TSV line, or keys of a JSON object.
void ReadColumns(ConfigReader& in, TaskConfig& task) {
  const nlohmann::json* columns = in.Raw("columns");
  const std::vector<std::string> fields = FieldsOf(task.rows);
  std::vector<std::string> given;
  const auto wrong = [&](absl::string_view why) {
    in.Fail("columns", absl::StrCat(why, "; a row of ", RowKindName(task.rows), " has ", absl::StrJoin(fields, ", "),
                                    ": an array of these and \"skip\" in the order of the fields, or for .jsonl an object from "
                                    "these to keys"));
  };
  if (columns == nullptr) {
    task.columns = fields;
    return;
  }
  if (!columns->is_array() && !columns->is_object()) return wrong(absl::StrCat("is of type ", columns->type_name()));
  for (const auto& [key, value] : columns->items()) {
    if (!value.is_string()) return wrong("holds something that is no string");
    const std::string name = columns->is_array() ? value.get<std::string>() : key;
    if (columns->is_object()) task.keys[name] = value.get<std::string>();
    if (columns->is_array()) task.columns.push_back(name);
    if (columns->is_array() && name == "skip") continue;
    if (std::find(fields.begin(), fields.end(), name) == fields.end()) return wrong(absl::StrCat("names \"", name, "\""));
    if (std::find(given.begin(), given.end(), name) != given.end()) return wrong(absl::StrCat("has \"", name, "\" twice"));
    given.push_back(name);
  }
  for (const std::string& field : fields) {
    if (std::find(given.begin(), given.end(), field) == given.end()) return wrong(absl::StrCat("lacks \"", field, "\""));
  }
  if (columns->is_object()) task.columns = fields;
}

void CheckTask(ConfigReader& in, const TaskConfig& task) {
  if (task.files.empty()) return in.Fail("files", "must name at least one file");
  const std::vector<RowKind> fitting = RowsFor(task.loss);
  if (std::find(fitting.begin(), fitting.end(), task.rows) == fitting.end()) {
    std::vector<absl::string_view> names;
    for (const RowKind kind : fitting) names.push_back(RowKindName(kind));
    return in.Fail("rows", absl::StrCat("is ", RowKindName(task.rows), "; ", LossKindName(task.loss), " reads ",
                                        absl::StrJoin(names, " or ")));
  }
  const bool any_jsonl = std::any_of(task.files.begin(), task.files.end(), [](const auto& f) { return absl::EndsWith(f, ".jsonl"); });
  const bool any_tsv = std::any_of(task.files.begin(), task.files.end(), [](const auto& f) { return !absl::EndsWith(f, ".jsonl"); });
  if (any_tsv && !task.keys.empty()) return in.Fail("columns", "are keys, but not all files end in .jsonl");
  if (any_jsonl && any_tsv && in.Has("columns")) return in.Fail("columns", "cannot be said of .jsonl and other files in one task");
  if (task.batch_size < 2 && task.loss != LossKind::kMlm && task.loss != LossKind::kSeq2Seq && task.loss != LossKind::kSbert &&
      task.loss != LossKind::kCrossEntropy && task.loss != LossKind::kCosine && task.loss != LossKind::kAmSoftmax &&
      task.loss != LossKind::kSoftmax) {
    return in.Fail("batch_size", absl::StrCat("is ", task.batch_size, "; ", LossKindName(task.loss),
                                              " compares the rows of a batch and needs at least 2"));
  }
  const bool taught = task.loss == LossKind::kDistill || task.distill_weight > 0;
  if (taught && task.teacher.empty()) return in.Fail("teacher", "must name a model directory for distillation");
  if (!taught && !task.teacher.empty()) return in.Fail("teacher", "is of no use without \"distill_weight\" or the loss distill");
  const bool joint = task.loss == LossKind::kCrossEntropy || task.loss == LossKind::kCrossCoSent || task.loss == LossKind::kSeq2Seq;
  if (task.distill_weight > 0 && (joint || task.loss == LossKind::kMlm || task.loss == LossKind::kDistill)) {
    return in.Fail("distill_weight", absl::StrCat("has no place beside ", LossKindName(task.loss)));
  }
  if (!task.labels.empty() && task.rows != RowKind::kPairs && task.rows != RowKind::kLabelled) {
    return in.Fail("labels", absl::StrCat("are given, but a row of ", RowKindName(task.rows), " has none"));
  }
}

void ReadTask(ConfigReader& in, TaskConfig& task) {
  in.Text("name", &task.name);
  const bool has_loss = in.Choice("loss", &task.loss, kLosses);
  if (!has_loss) in.Fail("loss", "is missing");
  task.rows = RowsFor(task.loss).front();
  in.Choice("rows", &task.rows, kRows);
  const bool unlabelled = task.rows == RowKind::kTexts;
  task.guard = unlabelled ? GuardLevel::kSentences : GuardLevel::kPairs;
  task.options.scale = task.loss == LossKind::kAmSoftmax ? 30 : 20;
  in.Paths("files", &task.files);
  in.Numbers("labels", &task.labels);
  in.Real("weight", &task.weight, 1e-9, kAnyReal);
  in.Flag("every_step", &task.every_step);
  in.Real("loss_weight", &task.loss_weight, 0, kAnyReal);
  in.Whole("batch_size", &task.batch_size, 1, 1 << 20);
  in.Whole("max_batch_tokens", &task.max_batch_tokens, 0, int64_t{1} << 40);
  in.Whole("max_tokens", &task.max_tokens, 8, 8192);
  in.Object("options", [&](ConfigReader& inner) { ReadLossOptions(inner, task.options); });
  in.Path("teacher", &task.teacher);
  in.Text("teacher_prompt", &task.teacher_prompt);
  in.Real("distill_weight", &task.distill_weight, 0, kAnyReal);
  in.Choice<OnDuplicate>("duplicates", &task.duplicates,
                         {{"count", OnDuplicate::kCount}, {"refuse", OnDuplicate::kRefuse}, {"drop", OnDuplicate::kDrop}});
  in.Choice<GuardLevel>("guard", &task.guard,
                        {{"off", GuardLevel::kOff}, {"pairs", GuardLevel::kPairs}, {"sentences", GuardLevel::kSentences}});
  in.Text("licence", &task.licence);
  in.Text("source", &task.source);
  ReadColumns(in, task);
  if (in.ok() && task.name.empty()) in.Fail("name", "is missing");
  if (in.ok()) CheckTask(in, task);
}

void ReadDev(ConfigReader& in, DevConfig& dev) {
  in.Text("name", &dev.name);
  in.Path("file", &dev.file);
  in.Numbers("labels", &dev.labels);
  in.Real("weight", &dev.weight, 0, kAnyReal);
  in.Whole("limit", &dev.limit, 0, kMaxSteps);
  if (dev.name.empty()) in.Fail("name", "is missing");
  if (dev.file.empty()) in.Fail("file", "is missing");
}

void ReadRun(ConfigReader& in, TrainConfig& config) {
  in.Path("output", &config.output);
  in.Whole("seed", &config.seed, 0, std::numeric_limits<int64_t>::max());
  in.Whole("steps", &config.steps, 1, kMaxSteps);
  in.Choice<std::string>("precision", &config.precision, {{"fp32", "fp32"}, {"bf16", "bf16"}});
  in.Choice<std::string>("device", &config.device, {{"cpu", "cpu"}, {"cuda", "cuda"}});
  in.Whole("threads", &config.threads, 0, 1024);
  in.Whole("accumulation", &config.accumulation, 1, 4096);
  in.Whole("chunk_rows", &config.chunk_rows, 0, 1 << 20);
  in.Real("temperature", &config.temperature, 0.1, 1e6);
  in.Whole("log_every", &config.log_every, 1, kMaxSteps);
  in.Whole("dev_every", &config.dev_every, 1, kMaxSteps);
  in.Whole("checkpoint_every", &config.checkpoint_every, 1, kMaxSteps);
  in.Whole("bucket_batches", &config.bucket_batches, 1, 1 << 16);
  in.Object("model", [&](ConfigReader& inner) { ReadModel(inner, config.model); });
  in.Object("optimizer", [&](ConfigReader& inner) { ReadOptimizer(inner, config.optimizer); });
  in.Objects("tasks", [&](ConfigReader& inner) { ReadTask(inner, config.tasks.emplace_back()); });
  in.Objects("dev", [&](ConfigReader& inner) { ReadDev(inner, config.dev.emplace_back()); });
  in.Object("guard", [&](ConfigReader& inner) {
    inner.Paths("files", &config.guard.files);
    inner.Choice<OnHit>("on_hit", &config.guard.on_hit, {{"stop", OnHit::kStop}, {"drop", OnHit::kDrop}});
  });
  in.Object("card", [&](ConfigReader& inner) {
    inner.Text("title", &config.card.title);
    inner.Text("summary", &config.card.summary);
    inner.Text("licence", &config.card.licence);
    inner.Texts("languages", &config.card.languages);
    inner.Text("limits", &config.card.limits);
  });
}

template <typename T>
void RefuseEqualNames(ConfigReader& in, const char* key, const std::vector<T>& items) {
  std::set<std::string> names;
  for (const T& item : items) {
    if (!names.insert(item.name).second) in.Fail(key, absl::StrCat("has the name \"", item.name, "\" twice"));
  }
}

void CheckRun(ConfigReader& in, const TrainConfig& config) {
  if (config.output.empty()) in.Fail("output", "is missing: the directory that is written");
  if (config.steps == 0) in.Fail("steps", "is missing");
  if (!in.Has("model")) in.Fail("model", "is missing");
  if (config.tasks.empty()) in.Fail("tasks", "must have at least one task");
  if (config.optimizer.warmup_steps > config.steps) {
    in.Fail("optimizer", absl::StrCat("has warmup_steps ", config.optimizer.warmup_steps, " above the ", config.steps, " steps"));
  }
  if (config.steps * config.accumulation > kMaxBatches) {
    in.Fail("accumulation", absl::StrCat("times \"steps\" is above ", kMaxBatches, " batches"));
  }
  RefuseEqualNames(in, "tasks", config.tasks);
  RefuseEqualNames(in, "dev", config.dev);
}

}  // namespace

absl::string_view LossKindName(LossKind kind) { return NameIn(kLosses, kind); }

absl::string_view RowKindName(RowKind kind) { return NameIn(kRows, kind); }

int32_t TextsPerRow(RowKind kind) {
  return kind == RowKind::kTriples ? 3 : kind == RowKind::kPairs || kind == RowKind::kPositives ? 2 : 1;
}

absl::StatusOr<TrainConfig> TrainConfig::FromJson(absl::string_view json, absl::string_view where, const std::string& folder,
                                                  const std::map<std::string, std::string>& variables) {
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json object, ParseJson(json, where));
  ConfigSource source{.where = std::string(where), .folder = folder, .variables = variables};
  SENVEC_ASSIGN_OR_RETURN(source.lines, JsonValueLines(json, where));
  TrainConfig config;
  config.where = std::string(where);
  ConfigReader reader(object, "", source);
  ReadRun(reader, config);
  if (reader.ok()) CheckRun(reader, config);
  SENVEC_RETURN_IF_ERROR(reader.Finish());
  return config;
}

absl::StatusOr<TrainConfig> TrainConfig::FromFile(const std::string& path, const std::map<std::string, std::string>& variables) {
  SENVEC_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  return FromJson(text, path, std::filesystem::path(path).parent_path().string(), variables);
}

double LearningRateAt(const OptimizerConfig& config, int64_t step, int64_t steps) {
  if (step < config.warmup_steps) {
    return config.learning_rate * static_cast<double>(step + 1) / static_cast<double>(config.warmup_steps);
  }
  const int64_t after = std::max<int64_t>(1, steps - config.warmup_steps);
  const double done = std::min(1.0, static_cast<double>(step - config.warmup_steps) / static_cast<double>(after));
  double share = 1;
  if (config.schedule == LearningRateSchedule::kLinear) share = 1 - done;
  if (config.schedule == LearningRateSchedule::kCosine) share = 0.5 * (1 + std::cos(M_PI * done));
  return config.learning_rate * (config.lowest_share + (1 - config.lowest_share) * share);
}

}  // namespace senvec
