#include "service/rpc/evaluation_run.h"

#include "absl/time/time.h"
#include "eval/headlines.h"
#include "eval/report_text.h"
#include "service/rpc/scheduled_encoder.h"

namespace senvec {
namespace {

std::string StringAt(const nlohmann::json& report, const std::string& path) {
  const nlohmann::json& value = ValueAt(report, path);
  return value.is_string() ? value.get<std::string>() : "";
}

}  // namespace

absl::StatusOr<RunReport> RunEvaluation(const RpcContext& context, const Evaluation& evaluation, const Caller& caller,
                                        const std::function<void(const v1::EvaluationProgress&)>& progress) {
  v1::EvaluationProgress state;
  state.set_tasks_total(static_cast<int32_t>(evaluation.num_tasks));
  state.set_texts_total(CountTextsToEncode(evaluation, *context.encoder));
  state.set_tasks_done(-1);
  const absl::Time start = context.now();
  const ScheduledEncoder encoder(context, caller, [&](int64_t texts) {
    state.set_texts_done(state.texts_done() + texts);
    const double seconds = absl::ToDoubleSeconds(context.now() - start);
    if (seconds > 0) state.set_texts_per_second(static_cast<double>(state.texts_done()) / seconds);
    progress(state);
  });
  RunOptions options;
  options.suites = evaluation.suites;
  options.load = [&](const TaskConfig& task) -> absl::StatusOr<TaskData> { return *evaluation.data.at(task.name); };
  options.search_whitening = evaluation.search_whitening;
  options.resamples = evaluation.resamples;
  options.seed = evaluation.seed;
  options.command = evaluation.command;
  options.clock = context.now;
  options.on_task = [&](const std::string& task) {
    state.set_task(task);
    state.set_tasks_done(state.tasks_done() + 1);
    progress(state);
  };
  options.check = [&] { return caller.Check(context.now()); };
  return RunSuites(encoder, *context.pool, options);
}

v1::EvaluationSummary SummaryMessage(const nlohmann::json& report) {
  v1::EvaluationSummary summary;
  for (const Headline& headline : Headlines(report)) {
    v1::EvaluationSummary::Value* value = summary.add_values();
    value->set_task(headline.task);
    value->set_measure(headline.measure);
    value->set_value(headline.value);
  }
  summary.set_text(SummaryText(report));
  summary.set_model_fingerprint(StringAt(report, "model/fingerprint"));
  summary.set_whitening_fingerprint(StringAt(report, "whitening/fingerprint"));
  summary.set_precision(StringAt(report, "model/precision"));
  return summary;
}

}  // namespace senvec
