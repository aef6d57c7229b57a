// Labelled sentences: each test sentence gets the class of the nearest prototype (the mean of a class's
// vectors, of length 1), and beside it that of the nearest single sentence.
#include <algorithm>
#include <array>
#include <map>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "eval/task.h"
#include "eval/task_json.h"
#include "eval/top_hits.h"

namespace senvec {
namespace {

constexpr size_t kWorst = 10;

absl::StatusOr<std::vector<float>> Encode(const std::vector<LabelledText>& labelled,
                                          const std::string& prompt, const TaskContext& context) {
  std::vector<std::string> texts;
  for (const LabelledText& text : labelled) texts.push_back(text.text);
  SENVEC_ASSIGN_OR_RETURN(const std::vector<float> raw, context.vectors->Get(texts, prompt));
  return WhitenAndNormalize(raw, context.vectors->encoder().info().dim, context.whitening);
}

// Classes of the learning set, by name.
struct Classes {
  std::vector<std::string> names;
  std::map<std::string, int64_t> positions;
  std::vector<int64_t> of;  // one a learning sentence
};

Classes ClassesOf(const std::vector<LabelledText>& dev) {
  Classes classes;
  for (const LabelledText& text : dev) {
    const auto [it, is_new] =
        classes.positions.try_emplace(text.label, static_cast<int64_t>(classes.names.size()));
    if (is_new) classes.names.push_back(text.label);
    classes.of.push_back(it->second);
  }
  return classes;
}

std::vector<float> Prototypes(const Classes& classes, const std::vector<float>& rows, int64_t dim) {
  std::vector<float> sums(classes.names.size() * dim);
  for (size_t i = 0; i < classes.of.size(); ++i) {
    for (int64_t d = 0; d < dim; ++d) sums[classes.of[i] * dim + d] += rows[i * dim + d];
  }
  for (size_t c = 0; c < classes.names.size(); ++c) L2Normalize(absl::MakeSpan(sums).subspan(c * dim, dim));
  return sums;
}

// Mean F1 over the classes of the test set (scikit-learn's macro average over them).
double MacroF1(const std::vector<std::string>& truth, const std::vector<std::string>& said) {
  std::map<std::string, std::array<int64_t, 3>> counts;  // right, said, true
  for (size_t i = 0; i < truth.size(); ++i) {
    ++counts[truth[i]][2];
    ++counts[said[i]][1];
    counts[truth[i]][0] += truth[i] == said[i];
  }
  double sum = 0, classes = 0;
  for (const auto& [name, c] : counts) {
    if (c[2] == 0) continue;
    sum += 2.0 * static_cast<double>(c[0]) / static_cast<double>(c[1] + c[2]);
    ++classes;
  }
  return classes == 0 ? 0 : sum / classes;
}

nlohmann::json Score(const std::vector<std::string>& truth, const std::vector<std::string>& said,
                     std::vector<double>& right) {
  double sum = 0;
  right.clear();
  for (size_t i = 0; i < truth.size(); ++i) {
    right.push_back(truth[i] == said[i] ? 1 : 0);
    sum += right.back();
  }
  return {{"accuracy", sum / static_cast<double>(truth.size())}, {"macro_f1", MacroF1(truth, said)}};
}

}  // namespace

absl::StatusOr<TaskResult> RunIntentTask(const TaskConfig& config,
                                         const std::vector<LabelledText>& dev,
                                         const std::vector<LabelledText>& test,
                                         const TaskContext& context) {
  if (dev.empty() || test.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("intents ", config.name, ": a set is empty"));
  }
  const std::string prompt = PromptOrNone(context.vectors->encoder(), config.query_prompt);
  SENVEC_ASSIGN_OR_RETURN(const std::vector<float> learnt, Encode(dev, prompt, context));
  SENVEC_ASSIGN_OR_RETURN(const std::vector<float> asked, Encode(test, prompt, context));
  const int64_t dim = static_cast<int64_t>(learnt.size() / dev.size());
  const Classes classes = ClassesOf(dev);
  const TopHits nearest = FindTopHits(learnt, asked, dim, 1, *context.pool);
  const TopHits prototypes =
      FindTopHits(Prototypes(classes, learnt, dim), asked, dim, 1, *context.pool);
  std::vector<std::string> truth, by_prototype, by_neighbour;
  int64_t unknown = 0;
  nlohmann::json worst = nlohmann::json::array();
  for (size_t i = 0; i < test.size(); ++i) {
    truth.push_back(test[i].label);
    unknown += classes.positions.count(test[i].label) == 0;
    by_prototype.push_back(classes.names[prototypes.documents[i]]);
    by_neighbour.push_back(dev[nearest.documents[i]].label);
    if (truth[i] != by_prototype[i] && worst.size() < kWorst) {
      worst.push_back({{"line", i + 1}, {"text", Shortened(test[i].text)}, {"label", truth[i]},
                       {"said", by_prototype[i]}, {"score", prototypes.scores[i]}});
    }
  }
  TaskResult result;
  std::vector<double> right, right_by_neighbour;
  result.report["intents"] = {{"classes", classes.names.size()},
                              {"unknown_labels", unknown},
                              {"prototype", Score(truth, by_prototype, right)},
                              {"nearest", Score(truth, by_neighbour, right_by_neighbour)}};
  RandomBits random(context.seed);
  if (auto interval = BootstrapMean(right, std::max(1, context.resamples), random); interval.ok()) {
    result.report["intents"]["accuracy_interval"] = ToJson(*interval);
  }
  result.report["prompt"] = prompt;
  result.report["sentences"] = {{"dev", dev.size()}, {"test", test.size()}};
  result.report["worst"] = worst;
  result.report["notes"] = nlohmann::json::array();
  result.items = {{"right", right}};
  return result;
}

}  // namespace senvec
