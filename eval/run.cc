#include "eval/run.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "eval/task.h"

namespace senvec {
namespace {

nlohmann::json ModelJson(const ModelInfo& info) {
  return {{"fingerprint", info.fingerprint}, {"family", info.family},
          {"precision", info.precision},     {"isa", info.isa},
          {"pooling", info.pooling},         {"dim", info.dim},
          {"max_tokens", info.max_tokens},   {"layers", info.num_layers},
          {"parameters", info.num_parameters}, {"name", info.directory.substr(info.directory.find_last_of('/') + 1)}};
}

nlohmann::json WhiteningJson(const Whitening* whitening, const ModelInfo& info) {
  if (whitening == nullptr && info.whitening_fingerprint.empty()) return nullptr;
  if (whitening == nullptr) return {{"fingerprint", info.whitening_fingerprint}, {"k", info.dim}};
  return {{"fingerprint", whitening->fingerprint()}, {"k", whitening->options().k},
          {"beta", whitening->options().beta},       {"gamma", whitening->options().gamma},
          {"vectors", whitening->count()}};
}

nlohmann::json EncodingJson(const SentenceVectors& vectors) {
  const SentenceVectors::Counts& counts = vectors.counts();
  return {{"sentences", counts.encoded}, {"from_cache", counts.cached}, {"tokens", counts.tokens},
          {"truncated", counts.truncated}, {"seconds", counts.encode_seconds}};
}

absl::Status CheckNames(const std::vector<Suite>& suites) {
  std::set<std::string> names;
  for (const Suite& suite : suites) {
    for (const TaskConfig& task : suite.tasks) {
      if (names.insert(task.name).second) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("two suites have a task \"", task.name, "\"; one run cannot hold both"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status RunOptions::Validate() const {
  if (suites.empty()) return absl::InvalidArgumentError("a run needs at least one suite");
  if (resamples < 1 || resamples > 1000000) {
    return absl::InvalidArgumentError(
        absl::StrCat("resamples is ", resamples, "; it must be in [1, 1000000]"));
  }
  if (!clock) return absl::InvalidArgumentError("a run needs a clock");
  return CheckNames(suites);
}

absl::StatusOr<RunReport> RunSuites(const SentenceEncoder& encoder, ThreadPool& pool,
                                    const RunOptions& options) {
  SENVEC_RETURN_IF_ERROR(options.Validate());
  if (options.whitening != nullptr && IsWhitened(encoder)) {
    return absl::InvalidArgumentError(
        "the encoder whitens its vectors already; load it without its whitening to measure another");
  }
  if (options.whitening != nullptr) {
    SENVEC_RETURN_IF_ERROR(options.whitening->CheckModel(encoder.info().fingerprint));
  }
  SentenceVectors vectors(encoder, options.cache, options.progress);
  const TaskContext context = {&vectors, &pool, options.whitening, options.search_whitening,
                               options.resamples, options.seed, options.check};
  const absl::Time start = options.clock();
  RunReport run;
  run.report["tasks"] = nlohmann::json::array();
  for (const Suite& suite : options.suites) {
    run.report["suites"].push_back({{"name", suite.name}, {"description", suite.description}});
    for (const TaskConfig& task : suite.tasks) {
      if (options.on_task) options.on_task(task.name);
      const auto data = options.load ? options.load(task) : LoadTask(task, options.data);
      auto result = data.ok() ? RunTask(task, *data, context) : data.status();
      if (!result.ok()) {
        return absl::Status(result.status().code(), absl::StrCat("task ", task.name, ": ",
                                                                 result.status().message()));
      }
      result->report["suite"] = suite.name;
      run.report["tasks"].push_back(std::move(result->report));
      run.items[task.name] = std::move(result->items);
    }
  }
  run.report["schema"] = kReportSchema;
  run.report["senvec"] = SENVEC_VERSION;
  run.report["model"] = ModelJson(encoder.info());
  run.report["whitening"] = WhiteningJson(options.whitening, encoder.info());
  run.report["command"] = options.command;
  run.report["started"] = absl::FormatTime(absl::RFC3339_sec, start, absl::UTCTimeZone());
  run.report["seconds"] = absl::ToDoubleSeconds(options.clock() - start);
  run.report["encoding"] = EncodingJson(vectors);
  run.report["machine"] = DescribeMachine();
  run.report["machine"]["threads"] = pool.num_threads();
  run.report["bootstrap"] = {{"resamples", options.resamples}, {"seed", options.seed}};
  for (const std::string& skipped : vectors.skipped()) run.report["skipped_cache_files"].push_back(skipped);
  return run;
}

}  // namespace senvec
