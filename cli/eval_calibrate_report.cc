#include "cli/eval_calibrate_report.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/json.h"

namespace senvec {
namespace {

std::string Number(std::optional<double> value) { return value.has_value() ? absl::StrFormat("%.4f", *value) : "-"; }

std::string Percent(int64_t part, int64_t whole) {
  return whole == 0 ? "-" : absl::StrFormat("%.1f %%", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string ScorerLine(const ScorerMeasure& scorer) {
  std::string line = absl::StrFormat("%-18s  %7s  %7s", scorer.name, Number(scorer.tune_auroc), Number(scorer.held_out_auroc));
  if (!scorer.tune.has_value()) return absl::StrCat(line, "  no threshold reaches it\n");
  const OperatingPoint& point = *scorer.held_out;
  absl::StrAppendFormat(&line, "  %9.4f  %7.4f  %9.4f  %9.4f  %12d\n", scorer.tune->threshold, scorer.tune->coverage,
                        point.precision, point.coverage, point.num_false_alarms);
  return line;
}

std::string OptionsLine(const MarginOptions& options) {
  return absl::StrFormat("s %.6g, m %.6g, background %s, accept from p = %.6g, rivals within %.3g\n", options.scale,
                         options.margin, options.background.has_value() ? absl::StrFormat("%.6g", *options.background) : "none",
                         options.accept_probability, options.ambiguity);
}

nlohmann::json Nullable(std::optional<double> value) { return value.has_value() ? nlohmann::json(*value) : nlohmann::json(); }

nlohmann::json PointJson(const std::optional<OperatingPoint>& point) {
  if (!point.has_value()) return {};
  return {{"threshold", point->threshold}, {"precision", point->precision}, {"coverage", point->coverage},
          {"accepted", point->num_accepted}, {"correct", point->num_correct}, {"false_alarms", point->num_false_alarms}};
}

}  // namespace

std::string CalibrationText(const MarginCalibration& calibration, const CalibrationSubject& subject, double precision) {
  std::string text = absl::StrFormat(
      "%d queries, %d with an answer; %d for tuning, %d held out; %d documents, %d classes\n\n", calibration.num_tune + calibration.num_held_out,
      calibration.num_answerable, calibration.num_tune, calibration.num_held_out, subject.num_documents, subject.num_classes);
  absl::StrAppendFormat(&text, "%-18s  %16s  %s\n", "", "AUROC", absl::StrFormat("for precision %g", precision));
  absl::StrAppendFormat(&text, "%-18s  %7s  %7s  %9s  %7s  %9s  %9s  %12s\n", "scorer", "tuning", "held", "threshold", "tuning",
                        "precision", "coverage", "false alarms");
  for (const ScorerMeasure& scorer : calibration.scorers) absl::StrAppend(&text, ScorerLine(scorer));
  absl::StrAppend(&text, "\nchosen: ", calibration.chosen, ": ", OptionsLine(calibration.options));
  const VerdictCounts& counts = calibration.held_out;
  absl::StrAppendFormat(&text, "held out: %d accepted (%s right), %d ambiguous (%s name the answer), %d unknown (%s have none)\n",
                        counts.accepted, Percent(counts.accepted_correct, counts.accepted), counts.ambiguous,
                        Percent(counts.ambiguous_named, counts.ambiguous), counts.unknown,
                        Percent(counts.unknown_unanswerable, counts.unknown));
  return text;
}

std::string CalibrationJson(const MarginCalibration& calibration, const CalibrationSubject& subject, const ScoringFile& file) {
  nlohmann::json scorers = nlohmann::json::array();
  for (const ScorerMeasure& scorer : calibration.scorers) {
    scorers.push_back({{"name", scorer.name}, {"tune_auroc", Nullable(scorer.tune_auroc)},
                       {"held_out_auroc", Nullable(scorer.held_out_auroc)}, {"tune", PointJson(scorer.tune)},
                       {"held_out", PointJson(scorer.held_out)}});
  }
  const VerdictCounts& counts = calibration.held_out;
  return DumpJson({{"queries", calibration.num_tune + calibration.num_held_out}, {"answerable", calibration.num_answerable},
                   {"documents", subject.num_documents}, {"classes", subject.num_classes}, {"scorers", std::move(scorers)},
                   {"chosen", calibration.chosen},
                   {"verdicts", {{"accepted", counts.accepted}, {"accepted_correct", counts.accepted_correct},
                                 {"ambiguous", counts.ambiguous}, {"ambiguous_named", counts.ambiguous_named},
                                 {"unknown", counts.unknown}, {"unknown_unanswerable", counts.unknown_unanswerable}}},
                   {"scoring", nlohmann::json::parse(SerializeScoring(file), nullptr, false)}}) + "\n";
}

std::map<std::string, double> MeasuredFigures(const MarginCalibration& calibration) {
  std::map<std::string, double> figures = {{"queries", static_cast<double>(calibration.num_tune + calibration.num_held_out)},
                                           {"answerable", static_cast<double>(calibration.num_answerable)}};
  for (const ScorerMeasure& scorer : calibration.scorers) {
    const std::string prefix = scorer.name == calibration.chosen ? "" : scorer.name == "cosine" ? "cosine_" : "-";
    if (prefix == "-") continue;
    if (scorer.held_out_auroc.has_value()) figures[prefix + "auroc"] = *scorer.held_out_auroc;
    if (!scorer.held_out.has_value()) continue;
    figures[prefix + "precision"] = scorer.held_out->precision;
    figures[prefix + "coverage"] = scorer.held_out->coverage;
  }
  return figures;
}

}  // namespace senvec
