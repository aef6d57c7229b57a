// senvec eval pairs, retrieval, intents and all: one data set, or suites of them.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "cli/command.h"
#include "cli/eval_run.h"
#include "cli/usage_error.h"
#include "eval/suite.h"

namespace senvec {
namespace {

struct OneSetFlags {
  EvalFlags eval;
  std::string dev;
  std::string name;
  std::string split = "test";
  double positive_from = 0;
  bool allow_absent = false;
};

absl::Status RunOne(const FlagSet& given, TaskConfig::Kind kind, const OneSetFlags& flags, bool has_positive_from) {
  TaskConfig task;
  task.kind = kind;
  task.test = flags.eval.data;
  task.dev = flags.dev;
  task.split = flags.split;
  task.allow_absent = flags.allow_absent;
  if (has_positive_from) task.positive_from = flags.positive_from;
  EvalFlags eval = flags.eval;
  eval.data.clear();  // paths stand as they are given
  return EvaluateSuites(given, eval, {OneSetSuite(std::move(task), flags.name)});
}

}  // namespace

CommandRunner DeclareEvalPairs(FlagSet& flags) {
  auto one = std::make_shared<OneSetFlags>();
  flags.Describe(
      "Measures a model on pairs that mean the same or not: Spearman, ROC AUC, thresholds for accuracy, F1, MCC and a precision of "
      "95 %, each chosen on --dev and applied to --data, with bootstrap intervals, calibration, and the whitening that is best on --dev.\n"
      "Lines are sentence, tab, sentence, tab, label, or JSON lines with sentence1, sentence2 and score.");
  flags.Add("--data", "FILE", &one->eval.data, "the pairs that are measured").Required();
  flags.Add("--dev", "FILE", &one->dev, "pairs that thresholds and whitening are chosen on; without it they are chosen on --data and flatter");
  flags.Add("--positive-from", "X", &one->positive_from, "labels from X on mean the same; labels of 0 and 1 need no telling");
  flags.Add("--name", "NAME", &one->name, "the data set's name in the report");
  DeclareEvalFlags(flags, one->eval);
  flags.Example("senvec eval pairs --model models/multilingual-e5-small --dev lcqmc/dev.tsv --data lcqmc/test.tsv --report out", "thresholds from dev, figures on test");
  return [one, &flags] {
    const bool given = !flags.RefuseGiven({"--positive-from"}, "").ok();
    return RunOne(flags, given ? TaskConfig::Kind::kSts : TaskConfig::Kind::kPairs, *one, given);
  };
}

CommandRunner DeclareEvalRetrieval(FlagSet& flags) {
  auto one = std::make_shared<OneSetFlags>();
  flags.Describe(
      "Measures a model on a corpus with queries and judgments: recall, MRR, nDCG, MAP and hits at several depths, hubness with the "
      "largest hubs, and the queries that fare worst. The folder is in BEIR's layout (corpus.jsonl, queries.jsonl, qrels/SPLIT.tsv) or has "
      "corpus.tsv, queries.tsv and qrels.tsv.");
  flags.Add("--data", "DIR", &one->eval.data, "the folder").Required();
  flags.Add("--split", "NAME", &one->split, "which of qrels/*.tsv");
  flags.Add("--allow-absent", &one->allow_absent, "count judged documents that the corpus lacks as never found, instead of refusing");
  flags.Add("--name", "NAME", &one->name, "the data set's name in the report");
  DeclareEvalFlags(flags, one->eval);
  flags.Example("senvec eval retrieval --model models/multilingual-e5-small --data xquad_zh --report out", "questions to passages");
  return [one, &flags] { return RunOne(flags, TaskConfig::Kind::kRetrieval, *one, false); };
}

CommandRunner DeclareEvalIntents(FlagSet& flags) {
  auto one = std::make_shared<OneSetFlags>();
  flags.Describe(
      "Measures a model on labelled sentences: learns a prototype of each class from --dev and tests it, and the nearest single "
      "sentence beside it, on --data. Lines are text, tab, label, or JSON lines with text and label.");
  flags.Add("--data", "FILE", &one->eval.data, "the sentences that are measured").Required();
  flags.Add("--dev", "FILE", &one->dev, "the sentences that are learnt from").Required();
  flags.Add("--name", "NAME", &one->name, "the data set's name in the report");
  DeclareEvalFlags(flags, one->eval);
  flags.Example("senvec eval intents --model models/all-MiniLM-L6-v2 --dev train.tsv --data test.tsv", "classes from prototypes");
  return [one, &flags] { return RunOne(flags, TaskConfig::Kind::kIntents, *one, false); };
}

CommandRunner DeclareEvalAll(FlagSet& flags) {
  struct AllFlags {
    EvalFlags eval;
    std::string suites;
  };
  auto all = std::make_shared<AllFlags>();
  flags.Describe(
      "Measures a model on suites of data sets and writes one report. A suite is a small JSON file; those in eval/suites are the "
      "Chinese five, English STS, and retrieval in both languages.");
  flags.Add("--suite", "FILES", &all->suites, "suites, separated by commas").Required();
  flags.Add("--data", "DIR", &all->eval.data, "folder that the suites' paths are relative to").Required();
  DeclareEvalFlags(flags, all->eval);
  flags.Example("senvec eval all --model models/multilingual-e5-small --suite eval/suites/zh-pairs.json --data data --report out --cache cache",
                "the Chinese five");
  return [all, &flags]() -> absl::Status {
    std::vector<Suite> suites;
    for (const absl::string_view path : absl::StrSplit(all->suites, ',', absl::SkipEmpty())) {
      SENVEC_ASSIGN_OR_RETURN(Suite suite, ReadSuite(std::string(path)));
      suites.push_back(std::move(suite));
    }
    if (suites.empty()) return UsageError("--suite names no file");
    return EvaluateSuites(flags, all->eval, std::move(suites));
  };
}

}  // namespace senvec
