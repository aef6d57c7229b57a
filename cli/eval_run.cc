#include "cli/eval_run.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/status_macros.h"
#include "cli/eval_remote.h"
#include "cli/usage_error.h"
#include "dataio/standard_output.h"
#include "eval/report.h"
#include "eval/report_text.h"
#include "eval/run.h"

namespace senvec {
namespace {

// As it was typed; words with a space are quoted.
std::string TypedCommand() {
  const auto bytes = ReadFile("/proc/self/cmdline");
  std::string out, word;
  for (const char c : bytes.ok() ? *bytes : std::string()) {
    if (c != '\0') {
      word.push_back(c);
      continue;
    }
    if (out.empty()) word = word.substr(word.find_last_of('/') + 1);
    const bool plain = !word.empty() && word.find_first_of(" \t\"'") == std::string::npos;
    absl::StrAppend(&out, out.empty() ? "" : " ", plain ? word : absl::StrCat("'", word, "'"));
    word.clear();
  }
  return out;
}

// "test" of "…/lcqmc/test.tsv" says nothing: the folder's name goes before it.
std::string NameOf(const std::string& path) {
  std::vector<std::string> parts = absl::StrSplit(path, '/', absl::SkipEmpty());
  std::string name;
  for (size_t i = parts.size() < 2 ? 0 : parts.size() - 2; i < parts.size(); ++i) {
    if (!name.empty()) name += "-";
    name += parts[i].substr(0, parts[i].find('.'));
  }
  for (char& c : name) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '-') c = '_';
  }
  return name.empty() ? "data" : name;
}

// Shows what is measured and how far its encoding is.
class Display {
 public:
  void Begin(const std::string& task) {
    Finish();
    task_ = task;
  }
  void Update(int64_t done, int64_t total) {
    if (bar_ == nullptr) {
      bar_ = std::make_unique<ProgressBar>(
          ProgressBar::Options{.label = task_, .unit = "sentences", .total = total,
                               .is_terminal = ProgressBar::IsTerminal(stderr)},
          absl::Now());
    }
    bar_->Update(done, absl::Now());
    if (done == total) Finish();
  }
  ~Display() { Finish(); }
  void Finish() {
    if (bar_ != nullptr) bar_->Finish(absl::Now());
    bar_.reset();
  }

 private:
  std::string task_;
  std::unique_ptr<ProgressBar> bar_;
};

}  // namespace

void DeclareReportFlags(FlagSet& flags, EvalFlags& eval) {
  flags.Add("--report", "DIR", &eval.report,
            "folder for report.json, report.md, report.html and items.json; without it only a table is printed");
  flags.Add("--cache", "DIR", &eval.cache,
            "folder where sentences' vectors are kept, so that the next run encodes only what is new");
  flags.Add("--resamples", "N", &eval.resamples, "bootstrap samples behind each interval").Between(1, 1000000);
  flags.Add("--seed", "N", &eval.seed, "start of everything random").Between(0, 1e15);
  flags.Add("--no-whitening-search", &eval.no_whitening_search,
            "leave out the search for a whitening on each dev set, and the trial of remedies against hubs on each corpus");
}

void DeclareEvalFlags(FlagSet& flags, EvalFlags& eval) {
  DeclareReportFlags(flags, eval);
  flags.Add("--server", "HOST:PORT", &eval.server,
            "measure the model of this server over its own path, instead of loading one; the data are sent there");
  DeclareModelFlags(flags, eval.model);
  DeclareWhiteningFlag(flags, eval.model);
}

Suite OneSetSuite(TaskConfig task, const std::string& name) {
  task.name = name.empty() ? NameOf(task.test) : name;
  return {"one data set", "", {std::move(task)}};
}

namespace {

RunOptions OptionsOf(const EvalFlags& flags, std::vector<Suite> suites) {
  RunOptions options;
  options.suites = std::move(suites);
  options.data = flags.data;
  options.cache = flags.cache;
  options.search_whitening = !flags.no_whitening_search;
  options.resamples = static_cast<int>(flags.resamples);
  options.seed = static_cast<uint64_t>(flags.seed);
  options.command = TypedCommand();
  options.clock = [] { return absl::Now(); };
  return options;
}

absl::StatusOr<RunReport> EvaluateHere(const EvalFlags& flags, RunOptions options) {
  // The encoder gives plain vectors, which one encoding makes every whitening's.
  ModelFlags plain = flags.model;
  plain.whitening.clear();
  std::unique_ptr<Whitening> whitening;
  if (!flags.model.whitening.empty()) {
    SENVEC_ASSIGN_OR_RETURN(Whitening loaded, Whitening::Load(flags.model.whitening));
    whitening = std::make_unique<Whitening>(std::move(loaded));
  }
  SENVEC_ASSIGN_OR_RETURN(const LoadedModel model, LoadModel(plain));
  Display display;
  options.whitening = whitening.get();
  options.on_task = [&](const std::string& task) { display.Begin(task); };
  options.progress = [&](int64_t done, int64_t total) { display.Update(done, total); };
  return RunSuites(*model.encoder, *model.pool, options);
}

absl::StatusOr<RunReport> EvaluateThere(const EvalFlags& flags, const RunOptions& options) {
  SENVEC_RETURN_IF_ERROR(options.Validate());
  Display display;
  display.Begin("encode");
  return EvaluateOnServer(flags.server, options, [&](const RemoteEvaluationProgress& progress) {
    if (progress.texts_total > 0) display.Update(progress.texts_done, progress.texts_total);
  });
}

}  // namespace

absl::Status EvaluateSuites(const FlagSet& given, const EvalFlags& flags, std::vector<Suite> suites) {
  if (!flags.model.model.empty() && !flags.server.empty()) return UsageError("give either --model DIR or --server HOST:PORT");
  if (!flags.server.empty()) {
    SENVEC_RETURN_IF_ERROR(RefuseModelFlags(given));
    SENVEC_RETURN_IF_ERROR(given.RefuseGiven({"--cache"}, "the server keeps no vectors; leave it out"));
  }
  if (!flags.report.empty()) SENVEC_RETURN_IF_ERROR(MakeDirectories(flags.report));
  RunOptions options = OptionsOf(flags, std::move(suites));
  SENVEC_ASSIGN_OR_RETURN(const RunReport run, flags.server.empty() ? EvaluateHere(flags, std::move(options))
                                                                    : EvaluateThere(flags, options));
  if (!flags.report.empty()) {
    SENVEC_RETURN_IF_ERROR(WriteReport(run, flags.report));
    std::fprintf(stderr, "report: %s\n", JoinPath(flags.report, "report.html").c_str());
  }
  return WriteStandardOutput(SummaryText(run.report));
}

}  // namespace senvec
