#include "eval/pair_decision.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "eval/measures/average_precision.h"
#include "eval/measures/calibration.h"
#include "eval/measures/threshold.h"
#include "eval/task_json.h"

namespace senvec {
namespace {

constexpr size_t kCurvePoints = 200;
constexpr int kHistogramBins = 40;

struct Goal {
  const char* name;
  ThresholdOptions options;
};
constexpr Goal kGoals[] = {{"accuracy", {ThresholdGoal::kAccuracy}},
                           {"f1", {ThresholdGoal::kF1}},
                           {"mcc", {ThresholdGoal::kMcc}},
                           {"precision_95", {ThresholdGoal::kPrecision, 0.95}}};

nlohmann::json Measures(const Confusion& confusion) {
  return {{"accuracy", confusion.Accuracy()}, {"precision", confusion.Precision()},
          {"recall", confusion.Recall()},     {"f1", confusion.F1()},
          {"mcc", confusion.Mcc()}};
}

// 95 % interval of the accuracy on test: each pair is right or wrong.
nlohmann::json AccuracyInterval(const LabelledScores& test, double threshold,
                                const DecisionOptions& options) {
  RandomBits random(options.seed);
  std::vector<double> right;
  for (size_t i = 0; i < test.scores.size(); ++i) {
    right.push_back((test.scores[i] >= threshold) == (test.labels[i] == 1) ? 1.0 : 0.0);
  }
  const auto interval = BootstrapMean(right, options.resamples, random);
  return interval.ok() ? ToJson(*interval) : nlohmann::json(nullptr);
}

nlohmann::json ThresholdReport(const Goal& goal, const LabelledScores& tuning,
                               const LabelledScores& test, const DecisionOptions& options,
                               nlohmann::json& notes) {
  const auto tuned = TuneThreshold(tuning.scores, tuning.labels, goal.options);
  if (!tuned.ok()) {
    notes.push_back(absl::StrCat("threshold for ", goal.name, ": ", tuned.status().message()));
    return nullptr;
  }
  nlohmann::json out;
  out["threshold"] = tuned->threshold;
  out["tuned"] = Measures(tuned->confusion);
  if (const auto decided = Decide(test.scores, test.labels, tuned->threshold); decided.ok()) {
    out["test"] = Measures(*decided);
    out["test"]["accuracy_interval"] = AccuracyInterval(test, tuned->threshold, options);
  }
  RandomBits random(options.seed);
  const auto interval = BootstrapThreshold(tuning.scores, tuning.labels, goal.options,
                                           std::max(1, options.resamples), random);
  if (interval.ok()) {
    out["threshold_interval"] = ToJson(interval->threshold);
    out["tuned_interval"] = ToJson(interval->worth);
    out["samples_without_cut"] = interval->samples_without_cut;
  }
  return out;
}

void AddCurves(const LabelledScores& test, nlohmann::json& out) {
  const auto cuts = AllCutPoints(test.scores, test.labels);
  if (!cuts.ok()) return;
  std::vector<std::pair<double, double>> accuracy, roc;
  const Confusion& all = cuts->back().confusion;
  for (const CutPoint& cut : *cuts) {
    const Confusion& c = cut.confusion;
    accuracy.emplace_back(cut.threshold, c.Accuracy());
    if (all.true_positives == 0 || all.false_positives == 0) continue;
    roc.emplace_back(static_cast<double>(c.false_positives) / static_cast<double>(all.false_positives),
                     c.Recall());
  }
  out["accuracy_curve"] = Thinned(accuracy, kCurvePoints);
  out["roc"] = Thinned(roc, kCurvePoints);
}

nlohmann::json CalibrationReport(const LabelledScores& tuning, const LabelledScores& test,
                                 nlohmann::json& notes) {
  const auto curve = FitLogistic(tuning.scores, tuning.labels);
  if (!curve.ok()) {
    notes.push_back(absl::StrCat("calibration: ", curve.status().message()));
    return nullptr;
  }
  std::vector<double> probabilities;
  for (const double score : test.scores) probabilities.push_back(curve->Probability(score));
  const auto measured = MeasureCalibration(probabilities, test.labels);
  if (!measured.ok()) return nullptr;
  nlohmann::json bins = nlohmann::json::array();
  for (const ReliabilityBin& bin : measured->bins) {
    bins.push_back({bin.count, bin.mean_probability, bin.positive_share});
  }
  return {{"ece", measured->error},
          {"binning", "15 bins of equal width over [0, 1], closed at the upper end"},
          {"largest_gap", measured->largest_gap},
          {"brier", measured->brier},
          {"slope", curve->slope},
          {"offset", curve->offset},
          {"bins", bins}};
}

}  // namespace

nlohmann::json DecisionReport(const LabelledScores& dev, const LabelledScores& test,
                              const DecisionOptions& options, nlohmann::json& notes) {
  nlohmann::json out;
  const bool has_dev = !dev.scores.empty();
  const LabelledScores& tuning = has_dev ? dev : test;
  out["tuned_on"] = has_dev ? "dev" : "test";
  if (!has_dev) notes.push_back("there is no dev set: thresholds are tuned on test and flatter");
  const auto positives = std::count(test.labels.begin(), test.labels.end(), 1);
  out["positives"] = positives;
  out["negatives"] = static_cast<int64_t>(test.labels.size()) - positives;
  out["roc_auc"] = ValueOrNote(RocAuc(test.scores, test.labels), "ROC AUC", notes);
  out["average_precision"] =
      ValueOrNote(AveragePrecision(test.scores, test.labels), "average precision", notes);
  for (const Goal& goal : kGoals) {
    out["thresholds"][goal.name] = ThresholdReport(goal, tuning, test, options, notes);
  }
  out["calibration"] = CalibrationReport(tuning, test, notes);
  out["histogram"] = ScoreHistogram(test.scores, test.labels, kHistogramBins);
  AddCurves(test, out);
  return out;
}

}  // namespace senvec
