#include "train/data/model_card.h"

#include <algorithm>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "base/json.h"

namespace senvec {
namespace {

// Text inside a table's cell.
std::string Cell(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"|", "\\|"}, {"\n", " "}, {"\r", " "}});
}

// A scalar of YAML: JSON's strings are YAML's.
std::string Yaml(absl::string_view text) { return DumpJson(nlohmann::json(std::string(text))); }

std::string FileNames(const TaskConfig& task) {
  std::vector<std::string> names;
  for (const std::string& file : task.files) names.push_back(std::filesystem::path(file).filename().string());
  return absl::StrJoin(names, ", ");
}

void AppendHead(const TrainConfig& config, std::string& out) {
  absl::StrAppend(&out, "---\n");
  if (!config.card.languages.empty()) {
    absl::StrAppend(&out, "language:\n");
    for (const std::string& language : config.card.languages) absl::StrAppend(&out, "- ", Yaml(language), "\n");
  }
  if (!config.card.licence.empty()) {
    absl::StrAppend(&out, "license: other\nlicense_name: ", Yaml(config.card.licence), "\n");
  }
  absl::StrAppend(&out, "pipeline_tag: sentence-similarity\nlibrary_name: senvec\ntags:\n- sentence-similarity\n---\n\n");
}

void AppendModel(const TrainConfig& config, const ModelCardFacts& facts, std::string& out) {
  absl::StrAppend(&out, "# ", config.card.title.empty() ? "A sentence encoder" : config.card.title, "\n\n");
  if (!config.card.summary.empty()) absl::StrAppend(&out, config.card.summary, "\n\n");
  if (!config.card.licence.empty()) absl::StrAppend(&out, "**Licence:** ", config.card.licence, "\n\n");
  if (!config.card.limits.empty()) absl::StrAppend(&out, "**Limits:** ", config.card.limits, "\n\n");
  absl::StrAppend(&out, "## Model\n\n| | |\n|---|---|\n| architecture | ", Cell(facts.architecture), " |\n");
  absl::StrAppendFormat(&out, "| parameters | %d |\n| vector | %d values |\n| longest input | %d tokens |\n", facts.parameters,
                        facts.dim, facts.max_tokens);
  if (!config.model.prompt.empty()) absl::StrAppend(&out, "| put before each text | `", Cell(config.model.prompt), "` |\n");
  absl::StrAppend(&out, "\n");
}

// What "weight" means is said below the table, since it is how often a set is drawn and not how much it counts.
void AppendTasks(const TrainConfig& config, const ModelCardFacts& facts, std::string& out) {
  absl::StrAppend(&out, "## Training data\n\n| data set | files | rows | loss | licence | source |\n|---|---|---:|---|---|---|\n");
  for (size_t t = 0; t < config.tasks.size(); ++t) {
    const TaskConfig& task = config.tasks[t];
    const int64_t rows = t < facts.tasks.size() ? facts.tasks[t].rows : 0;
    std::string loss(LossKindName(task.loss));
    if (task.distill_weight > 0) absl::StrAppend(&loss, " + ", task.distill_weight, " × distillation");
    absl::StrAppendFormat(&out, "| %s | %s | %d | %s | %s | %s |\n", Cell(task.name), Cell(FileNames(task)), rows, loss,
                          task.licence.empty() ? "not stated" : Cell(task.licence),
                          task.source.empty() ? "not stated" : Cell(task.source));
  }
  absl::StrAppend(&out, "\n");
  for (const TaskReport& report : facts.tasks) {
    std::vector<std::string> notes;
    if (report.guard_hits > 0) notes.push_back(absl::StrCat(report.guard_hits, " rows left out that stand in evaluation files"));
    if (report.duplicate_rows > 0) notes.push_back(absl::StrCat(report.duplicate_rows, " repeated rows"));
    if (report.conflicting_rows > 0) notes.push_back(absl::StrCat(report.conflicting_rows, " of them with another label"));
    if (report.long_texts > 0) notes.push_back(absl::StrCat(report.long_texts, " texts cut"));
    if (report.dev_hits > 0) notes.push_back(absl::StrCat(report.dev_hits, " rows also in a dev set"));
    if (report.shared_sentences > 0) {
      notes.push_back(absl::StrCat(report.shared_sentences, " rows share a sentence, not the pair, with an evaluation file"));
    }
    if (!notes.empty()) absl::StrAppend(&out, "- ", report.name, ": ", absl::StrJoin(notes, "; "), "\n");
  }
  std::vector<std::string> names;
  for (const std::string& file : config.guard.files) {
    const std::filesystem::path path(file);
    names.push_back(absl::StrCat(path.parent_path().filename().string(), "/", path.filename().string()));
  }
  if (!names.empty()) {
    absl::StrAppend(&out, "\nHeld against these evaluation files before training: ", absl::StrJoin(names, ", "), ".\n");
  }
  absl::StrAppend(&out, "\n");
}

void AppendRun(const TrainConfig& config, const ModelCardFacts& facts, std::string& out) {
  const OptimizerConfig& optimizer = config.optimizer;
  absl::StrAppend(&out, "## Training\n\n");
  absl::StrAppendFormat(&out, "%d steps of AdamW, learning rate %g (%d steps of warm-up), weight decay %g, clipped at %g, %s, seed %d. ",
                        config.steps, optimizer.learning_rate, optimizer.warmup_steps, optimizer.weight_decay, optimizer.clip_norm,
                        config.precision, config.seed);
  absl::StrAppendFormat(&out, "%d sentences went through the model in %.0f minutes; the weights are those of step %d.\n\n",
                        facts.sentences, facts.seconds / 60, facts.best_step);
  if (!facts.command.empty()) absl::StrAppend(&out, "```\n", facts.command, "\n```\n\n");
  absl::StrAppend(&out, "Made with Senvec ", facts.version, ".\n");
}

void AppendScores(absl::string_view title, const std::map<std::string, double>& scores, std::string& out) {
  if (scores.empty()) return;
  absl::StrAppend(&out, "\n## ", title, "\n\n| data set | Spearman |\n|---|---:|\n");
  for (const auto& [name, score] : scores) absl::StrAppendFormat(&out, "| %s | %.4f |\n", Cell(name), score);
}

}  // namespace

std::string FormatModelCard(const TrainConfig& config, const ModelCardFacts& facts) {
  std::string out;
  AppendHead(config, out);
  AppendModel(config, facts, out);
  AppendTasks(config, facts, out);
  AppendRun(config, facts, out);
  AppendScores("Dev sets, which chose the weights", facts.dev, out);
  AppendScores("Test sets", facts.test, out);
  return out;
}

}  // namespace senvec
