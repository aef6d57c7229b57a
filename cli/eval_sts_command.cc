#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "base/json.h"
#include "base/progress.h"
#include "base/status_macros.h"
#include "cli/command.h"
#include "cli/eval_run.h"
#include "cli/model_flags.h"
#include "cli/usage_error.h"
#include "dataio/pair_reader.h"
#include "dataio/standard_output.h"
#include "eval/sts.h"

namespace senvec {
namespace {

struct StsFlags {
  EvalFlags eval;
  std::string dev;
  std::string input;
  std::string prompt;
  bool json = false;
};

std::string JsonReport(const StsFlags& flags, const ModelInfo& info, const StsResult& result) {
  const nlohmann::json report = {{"spearman", result.spearman},
                                 {"pearson", result.pearson},
                                 {"pairs", result.num_pairs},
                                 {"sentences", result.num_sentences},
                                 {"tokens", result.num_tokens},
                                 {"truncated", result.num_truncated},
                                 {"model_fingerprint", info.fingerprint},
                                 {"whitening_fingerprint", info.whitening_fingerprint},
                                 {"pooling", info.pooling},
                                 {"precision", info.precision},
                                 {"dim", info.dim},
                                 {"prompt", flags.prompt}};
  return DumpJson(report) + "\n";
}

// The whole report of a graded set.
absl::Status Report(const FlagSet& given, const StsFlags& flags) {
  if (!flags.input.empty()) return UsageError("--data stands in place of --input; give one of them");
  TaskConfig task;
  task.kind = TaskConfig::Kind::kSts;
  task.test = flags.eval.data;
  task.dev = flags.dev;
  if (!flags.prompt.empty()) task.query_prompt = flags.prompt;
  EvalFlags eval = flags.eval;
  eval.data.clear();  // paths stand as they are given
  return EvaluateSuites(given, eval, {OneSetSuite(std::move(task), "")});
}

absl::Status EvalSts(const FlagSet& given, const StsFlags& flags) {
  if (!flags.eval.data.empty()) return Report(given, flags);
  if (flags.input.empty()) return UsageError("--input or --data is required");
  SENVEC_RETURN_IF_ERROR(given.RefuseGiven({"--server"}, "it goes with --data"));
  SENVEC_ASSIGN_OR_RETURN(const std::vector<ScoredPair> pairs, ReadPairs(flags.input, PairScore::kRequired));
  SENVEC_ASSIGN_OR_RETURN(const LoadedModel model, LoadModel(flags.eval.model));
  SENVEC_ASSIGN_OR_RETURN(const std::string prompt, PromptText(*model.encoder, flags.prompt));
  ProgressBar progress({.label = "encode", .unit = "sentences", .total = CountDistinctSentences(pairs),
                        .is_terminal = ProgressBar::IsTerminal(stderr), .quiet = flags.json && !ProgressBar::IsTerminal(stderr)},
                       absl::Now());
  SENVEC_ASSIGN_OR_RETURN(const StsResult result, EvaluateSts(*model.encoder, prompt, pairs, [&](int64_t done, int64_t) {
                            progress.Update(done, absl::Now());
                          }));
  progress.Finish(absl::Now());
  if (flags.json) return WriteStandardOutput(JsonReport(flags, model.encoder->info(), result));
  return WriteStandardOutput(absl::StrFormat("Spearman %.4f  Pearson %.4f  %d pairs, %d sentences, %d tokens, %d cut\n",
                                             result.spearman, result.pearson, result.num_pairs, result.num_sentences,
                                             result.num_tokens, result.num_truncated));
}

}  // namespace

CommandRunner DeclareEvalSts(FlagSet& flags) {
  auto sts = std::make_shared<StsFlags>();
  flags.Describe(
      "Measures how well a model's cosines agree with people's scores of sentence pairs: Spearman's and Pearson's "
      "correlation. The input has lines of sentence, tab, sentence, tab, score.");
  flags.Add("--input", "FILE", &sts->input, "scored pairs, for two correlations on one line; - is standard input");
  flags.Add("--data", "FILE", &sts->eval.data, "scored pairs (.jsonl too), for the whole report, in place of --input");
  flags.Add("--dev", "FILE", &sts->dev, "with --data: pairs that a whitening is searched on");
  flags.Add("--prompt", "NAME", &sts->prompt, "query, passage or another prompt that the model defines, or none");
  flags.Add("--json", &sts->json, "print one JSON object with everything that is needed to repeat the measurement");
  DeclareEvalFlags(flags, sts->eval);
  flags.Example("senvec eval sts --model models/all-MiniLM-L6-v2 --dev dev.tsv --data test.tsv --report out", "the whole report");
  flags.Example("senvec eval sts --model models/all-MiniLM-L6-v2 --input samples/pairs.tsv", "the sample pairs");
  return [sts, &flags] { return EvalSts(flags, *sts); };
}

}  // namespace senvec
