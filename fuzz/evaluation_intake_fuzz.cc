// The messages of an Evaluate call, in protobuf's text form with "---" between them: an error that says why, or a run whose
// report is whole JSON, however degenerate the data.
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <cstdint>
#include <string>

#include "absl/strings/str_split.h"
#include "base/check.h"
#include "eval/report_html.h"
#include "eval/report_text.h"
#include "eval/run.h"
#include "service/rpc/evaluation_intake.h"
#include "tests/support/angle_encoder.h"

namespace {

absl::StatusOr<senvec::Evaluation> Take(const std::string& text) {
  senvec::RpcLimits limits;
  limits.max_evaluation_texts = 100;
  limits.max_text_bytes = 100;
  senvec::EvaluationIntake intake(limits);
  google::protobuf::TextFormat::Parser parser;
  class Silent : public google::protobuf::io::ErrorCollector {
    void AddError(int, int, const std::string&) override {}
  } silent;
  parser.RecordErrorsTo(&silent);
  for (const absl::string_view part : absl::StrSplit(text, "---\n")) {
    senvec::v1::EvaluateRequest request;
    if (!parser.ParseFromString(std::string(part), &request)) return absl::InvalidArgumentError("no message");
    if (const absl::Status status = intake.Add(std::move(request)); !status.ok()) return status;
  }
  return intake.Finish();
}

void Run(const senvec::Evaluation& evaluation) {
  static senvec::ThreadPool pool(1);
  const senvec::AngleEncoder encoder;
  SENVEC_CHECK(senvec::CountTextsToEncode(evaluation, encoder) >= 0);
  senvec::RunOptions options;
  options.suites = evaluation.suites;
  options.load = [&](const senvec::TaskConfig& task) -> absl::StatusOr<senvec::TaskData> { return *evaluation.data.at(task.name); };
  options.search_whitening = evaluation.search_whitening;
  options.resamples = 2;
  options.seed = evaluation.seed;
  options.clock = [] { return absl::UnixEpoch(); };
  const auto run = senvec::RunSuites(encoder, pool, options);
  if (!run.ok()) {
    SENVEC_CHECK(!run.status().message().empty());
    return;
  }
  const auto parsed = senvec::ParseJson(senvec::DumpJson(run->report), "report");
  SENVEC_CHECK(parsed.ok());
  SENVEC_CHECK(senvec::ReportHtml(*parsed).size() > 100);
  SENVEC_CHECK(!senvec::ReportMarkdown(*parsed).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto evaluation = Take(std::string(reinterpret_cast<const char*>(data), size));
  if (!evaluation.ok()) {
    SENVEC_CHECK(!evaluation.status().message().empty());
    return 0;
  }
  Run(*evaluation);
  return 0;
}
