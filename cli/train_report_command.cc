#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "cli/command.h"
#include "cli/train_report.h"
#include "cli/usage_error.h"

namespace senvec {
namespace {

struct ReportFlags {
  std::vector<std::string> runs;
  std::string output;
};

absl::Status Report(const ReportFlags& flags) {
  if (flags.runs.size() != 1) return UsageError("give the directory of one training run");
  const std::string& run = flags.runs[0];
  const std::string log = JoinPath(run, "train_log.jsonl");
  SENVEC_ASSIGN_OR_RETURN(const std::vector<TrainLogLine> lines, ReadTrainLog(log));
  if (lines.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(log, " has no line yet; the run writes one every \"log_every\" steps"));
  }
  const std::string name = std::filesystem::weakly_canonical(run).filename().string();
  const std::string path = flags.output.empty() ? JoinPath(run, "report.html") : flags.output;
  return WriteFileAtomically(path, TrainReportHtml(absl::StrCat("Training of ", name), lines));
}

}  // namespace

CommandRunner DeclareTrainReport(FlagSet& flags) {
  auto report = std::make_shared<ReportFlags>();
  flags.Describe(
      "Draws the curves of a training run, of its train_log.jsonl: dev sets, the loss of each task, learning rate, gradients and "
      "speed. One HTML file, without a script; while the run goes on it shows what there is so far.");
  flags.AddPositionals("DIR", &report->runs, "the output of `senvec train`");
  flags.Add("--output", "FILE", &report->output, "the file that is written; by default report.html in the directory");
  flags.Example("senvec train report trained", "writes trained/report.html");
  return [report] { return Report(*report); };
}

}  // namespace senvec
