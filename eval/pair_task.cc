// Pairs of sentences: how well cosines follow people's scores, and where to cut them.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "eval/measures/correlation.h"
#include "eval/measures/significance.h"
#include "eval/pair_decision.h"
#include "eval/sts.h"
#include "eval/task.h"
#include "eval/task_json.h"
#include "eval/whiten_report.h"

namespace senvec {
namespace {

constexpr size_t kWorst = 10;  // of each side

// One set's vectors, before whitening, and cosines after it.
struct PairSet {
  std::vector<float> raw;  // first and second of each pair in turn
  std::vector<double> cosines;
  std::vector<double> labels;
  std::vector<float> unit;
  int64_t unit_dim = 0;
};

absl::StatusOr<PairSet> Encode(const std::vector<ScoredPair>& pairs, const std::string& prompt,
                               const TaskContext& context) {
  PairSet set;
  std::vector<std::string> texts;
  for (const ScoredPair& pair : pairs) {
    texts.push_back(pair.first);
    texts.push_back(pair.second);
    set.labels.push_back(pair.score);
  }
  const int64_t dim = context.vectors->encoder().info().dim;
  SENVEC_ASSIGN_OR_RETURN(set.raw, context.vectors->Get(texts, prompt));
  set.unit = WhitenAndNormalize(set.raw, dim, context.whitening);
  set.unit_dim = context.whitening == nullptr ? dim : context.whitening->output_dim();
  const auto rows = absl::MakeConstSpan(set.unit);
  for (size_t i = 0; i < pairs.size(); ++i) {
    const double cosine = Cosine(rows.subspan(2 * i * set.unit_dim, set.unit_dim),
                                 rows.subspan((2 * i + 1) * set.unit_dim, set.unit_dim));
    if (std::isnan(cosine)) {
      return absl::FailedPreconditionError(
          absl::StrCat("pair ", i + 1, ": a sentence has the zero vector, which has no cosine"));
    }
    set.cosines.push_back(cosine);
  }
  return set;
}

// Positive from which label on; nothing where labels are graded and the suite says nothing.
std::optional<double> PositiveFrom(const TaskConfig& config, const std::vector<ScoredPair>& pairs) {
  if (config.positive_from) return config.positive_from;
  const bool binary = std::all_of(pairs.begin(), pairs.end(), [](const ScoredPair& pair) {
    return pair.score == 0 || pair.score == 1;
  });
  if (binary) return 1.0;
  return std::nullopt;
}

std::vector<uint8_t> Labels(const std::vector<double>& scores, double positive_from) {
  std::vector<uint8_t> labels;
  for (const double score : scores) labels.push_back(score >= positive_from);
  return labels;
}

// Pairs whose places by cosine and by label are farthest apart: those that the model takes for more alike than people
// do, then those it takes for less alike, each from the worst on.
nlohmann::json WorstPairs(const std::vector<ScoredPair>& pairs, const PairSet& set) {
  const std::vector<double> by_cosine = AverageRanks(set.cosines);
  const std::vector<double> by_label = AverageRanks(set.labels);
  nlohmann::json out = nlohmann::json::array();
  for (const double side : {1.0, -1.0}) {
    const auto too_far = [&](size_t i) { return side * (by_cosine[i] - by_label[i]); };
    std::vector<size_t> order;
    for (size_t i = 0; i < pairs.size(); ++i) {
      if (too_far(i) > 0) order.push_back(i);
    }
    const size_t shown = std::min(kWorst, order.size());
    std::partial_sort(order.begin(), order.begin() + shown, order.end(), [&](size_t a, size_t b) {
      return too_far(a) != too_far(b) ? too_far(a) > too_far(b) : a < b;
    });
    for (size_t i = 0; i < shown; ++i) {
      const size_t p = order[i];
      out.push_back({{"line", p + 1},
                     {"first", Shortened(pairs[p].first)},
                     {"second", Shortened(pairs[p].second)},
                     {"label", set.labels[p]},
                     {"cosine", set.cosines[p]},
                     {"fault", side > 0 ? "too alike" : "too unlike"}});
    }
  }
  return out;
}

nlohmann::json Correlations(const PairSet& dev, const PairSet& test, const TaskContext& context,
                            nlohmann::json& notes) {
  RandomBits random(context.seed);
  nlohmann::json out;
  out["spearman"] = ValueOrNote(SpearmanCorrelation(test.cosines, test.labels), "Spearman", notes);
  out["pearson"] = ValueOrNote(PearsonCorrelation(test.cosines, test.labels), "Pearson", notes);
  out["spearman_interval"] = nullptr;
  const auto interval =
      BootstrapSpearman(test.cosines, test.labels, std::max(1, context.resamples), random);
  if (interval.ok()) out["spearman_interval"] = ToJson(*interval);
  if (dev.labels.empty()) return out;
  out["spearman_dev"] =
      ValueOrNote(SpearmanCorrelation(dev.cosines, dev.labels), "Spearman on dev", notes);
  return out;
}

PairVectors VectorsOf(const PairSet& set) {
  PairVectors vectors;
  vectors.rows = set.raw;
  vectors.labels = set.labels;
  for (size_t i = 0; i < set.labels.size(); ++i) vectors.pairs.emplace_back(2 * i, 2 * i + 1);
  return vectors;
}

nlohmann::json Geometry(const PairSet& set, const std::vector<uint8_t>& labels,
                        const TaskContext& context, nlohmann::json& notes) {
  RandomBits random(context.seed);
  const RowsView rows{set.unit, set.unit_dim};
  nlohmann::json out = GeometryJson(rows, random, notes);
  std::vector<std::pair<int64_t, int64_t>> positives;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] == 1) positives.emplace_back(2 * i, 2 * i + 1);
  }
  if (!positives.empty()) out["alignment"] = ValueOrNote(Alignment(rows, positives), "alignment", notes);
  return out;
}

}  // namespace

absl::StatusOr<TaskResult> RunPairTask(const TaskConfig& config, const std::vector<ScoredPair>& dev,
                                       const std::vector<ScoredPair>& test,
                                       const TaskContext& context) {
  if (test.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(config.test, ": there are no pairs in it"));
  }
  const SentenceEncoder& encoder = context.vectors->encoder();
  const std::string prompt = PromptOrNone(encoder, config.query_prompt);
  SENVEC_ASSIGN_OR_RETURN(const PairSet dev_set, Encode(dev, prompt, context));
  SENVEC_ASSIGN_OR_RETURN(const PairSet test_set, Encode(test, prompt, context));
  SENVEC_RETURN_IF_ERROR(context.Check());
  nlohmann::json notes = nlohmann::json::array();
  TaskResult result;
  nlohmann::json& report = result.report;
  report["prompt"] = prompt;
  report["pairs"] = {{"dev", dev.size()}, {"test", test.size()}};
  report["correlation"] = Correlations(dev_set, test_set, context, notes);
  std::vector<uint8_t> positives;
  if (const std::optional<double> from = PositiveFrom(config, test)) {
    positives = Labels(test_set.labels, *from);
    report["positive_from"] = *from;
    report["decision"] = DecisionReport(
        {dev_set.cosines, Labels(dev_set.labels, *from)}, {test_set.cosines, positives},
        {.resamples = context.resamples, .seed = context.seed}, notes);
  }
  SENVEC_RETURN_IF_ERROR(context.Check());
  report["geometry"] = Geometry(test_set, positives, context, notes);
  if (context.search_whitening && IsWhitened(encoder)) {
    notes.push_back("whitening: the encoder's vectors are whitened already, so no other is searched for");
  } else if (context.search_whitening && dev.size() > 1) {
    WhiteningStatistics statistics(encoder.info().dim);
    SENVEC_RETURN_IF_ERROR(statistics.Add(dev_set.raw));
    report["whitening"] = WhitenReport(statistics, VectorsOf(dev_set), VectorsOf(test_set),
                                       *context.pool, notes, context.check);
    SENVEC_RETURN_IF_ERROR(context.Check());
  }
  report["worst"] = WorstPairs(test, test_set);
  report["notes"] = notes;
  result.items = {{"cosine", test_set.cosines}, {"label", test_set.labels}};
  return result;
}

}  // namespace senvec
