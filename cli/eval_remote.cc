#include "cli/eval_remote.h"

#include <grpcpp/grpcpp.h>

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "encoder/tokenizer/utf8.h"
#include "eval/task.h"
#include "senvec/v1/evaluation.grpc.pb.h"

namespace senvec {
namespace {

constexpr size_t kMessageBytes = size_t{1} << 20;
using Stream = grpc::ClientReaderWriter<v1::EvaluateRequest, v1::EvaluateResponse>;

v1::EvaluationKind KindOf(TaskConfig::Kind kind) {
  switch (kind) {
    case TaskConfig::Kind::kSts:
      return v1::EVALUATION_KIND_STS;
    case TaskConfig::Kind::kPairs:
      return v1::EVALUATION_KIND_PAIRS;
    case TaskConfig::Kind::kRetrieval:
      return v1::EVALUATION_KIND_RETRIEVAL;
    case TaskConfig::Kind::kIntents:
      return v1::EVALUATION_KIND_INTENTS;
  }
  return v1::EVALUATION_KIND_UNSPECIFIED;
}

// Bytes that are no UTF-8 become U+FFFD, as which the tokenizer takes them anyway.
std::string Sendable(const std::string& text) { return IsValidUtf8(text) ? text : RepairUtf8(text).text; }

// Writes records in messages of about kMessageBytes.
class RecordWriter {
 public:
  explicit RecordWriter(Stream& stream) : stream_(stream) {}

  // False when the server takes no more.
  bool Write(const TaskData& data) {
    for (const ScoredPair& pair : data.dev_pairs) Fill(records().add_dev_pairs(), pair);
    for (const ScoredPair& pair : data.test_pairs) Fill(records().add_test_pairs(), pair);
    for (const NamedText& text : data.retrieval.documents) Fill(records().add_documents(), text);
    for (const NamedText& text : data.retrieval.queries) Fill(records().add_queries(), text);
    for (const Judgment& judgment : data.retrieval.judgments) Fill(data.retrieval, judgment);
    for (const LabelledText& text : data.dev_sentences) Fill(records().add_dev_sentences(), text);
    for (const LabelledText& text : data.test_sentences) Fill(records().add_test_sentences(), text);
    Flush();
    return is_open_;
  }

 private:
  v1::EvaluationRecords& records() { return *request_.mutable_records(); }

  void Fill(v1::LabelledPair* out, const ScoredPair& pair) {
    out->set_first(Sendable(pair.first));
    out->set_second(Sendable(pair.second));
    out->set_label(pair.score);
    Count(out->first().size() + out->second().size());
  }
  void Fill(v1::EvaluationText* out, const NamedText& text) {
    out->set_id(Sendable(text.id));
    out->set_text(Sendable(text.text));
    Count(out->id().size() + out->text().size());
  }
  void Fill(v1::LabelledSentence* out, const LabelledText& text) {
    out->set_text(Sendable(text.text));
    out->set_label(Sendable(text.label));
    Count(out->text().size() + out->label().size());
  }
  void Fill(const RetrievalSet& set, const Judgment& judgment) {
    v1::EvaluationJudgment* out = records().add_judgments();
    out->set_query_id(Sendable(set.queries[judgment.query].id));
    if (judgment.document >= 0) out->set_document_id(Sendable(set.documents[judgment.document].id));
    out->set_relevance(judgment.relevance);
    Count(out->query_id().size() + out->document_id().size());
  }
  void Count(size_t bytes) {
    constexpr size_t kRecordBytes = 16;  // what else a record has
    bytes_ += bytes + kRecordBytes;
    if (bytes_ >= kMessageBytes) Flush();
  }
  void Flush() {
    if (is_open_ && bytes_ > 0) is_open_ = stream_.Write(request_);
    request_.Clear();
    bytes_ = 0;
  }

  Stream& stream_;
  v1::EvaluateRequest request_;
  size_t bytes_ = 0;
  bool is_open_ = true;
};

v1::EvaluateRequest StartMessage(const RunOptions& options) {
  v1::EvaluateRequest request;
  request.mutable_start()->set_resamples(options.resamples);
  request.mutable_start()->set_seed(options.seed);
  request.mutable_start()->set_skip_whitening_search(!options.search_whitening);
  request.mutable_start()->set_command(Sendable(options.command));
  return request;
}

v1::EvaluateRequest TaskMessage(const Suite& suite, const TaskConfig& config, const TaskData& data) {
  v1::EvaluateRequest request;
  v1::EvaluationTask& task = *request.mutable_task();
  task.set_name(config.name);
  task.set_kind(KindOf(config.kind));
  task.set_suite(Sendable(suite.name));
  task.set_suite_description(Sendable(suite.description));
  if (config.positive_from) task.set_positive_from(*config.positive_from);
  task.set_query_prompt(Sendable(config.query_prompt));
  task.set_passage_prompt(Sendable(config.passage_prompt));
  task.set_allow_absent(config.allow_absent);
  for (const auto& described : data.files) {
    v1::EvaluationFile* file = task.add_files();
    file->set_file(Sendable(described.value("file", "")));
    file->set_bytes(described.value("bytes", int64_t{0}));
    file->set_xxh3_128(described.value("xxh3_128", ""));
  }
  return request;
}

// Sends everything; OK also when the server ended the stream, which then says why.
absl::Status Send(const RunOptions& options, Stream& stream) {
  if (!stream.Write(StartMessage(options))) return absl::OkStatus();
  for (const Suite& suite : options.suites) {
    for (const TaskConfig& config : suite.tasks) {
      const auto data = LoadTask(config, options.data);
      if (!data.ok()) return absl::Status(data.status().code(), absl::StrCat("task ", config.name, ": ", data.status().message()));
      if (!stream.Write(TaskMessage(suite, config, *data)) || !RecordWriter(stream).Write(*data)) return absl::OkStatus();
    }
  }
  stream.WritesDone();
  return absl::OkStatus();
}

absl::StatusOr<RunReport> Parse(const std::string& report, const std::string& items) {
  RunReport run;
  SENVEC_ASSIGN_OR_RETURN(run.report, ParseJson(report, "the server's report.json"));
  SENVEC_ASSIGN_OR_RETURN(run.items, ParseJson(items, "the server's items.json"));
  if (!run.report.is_object() || !run.items.is_object()) return absl::InternalError("the server's report is none");
  return run;
}

absl::Status Ended(const std::string& address, const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  if (code == absl::StatusCode::kUnavailable) {
    return absl::UnavailableError(absl::StrCat("the server at ", address, " cannot be reached: ", status.error_message(),
                                               "; is `senvec serve` running there?"));
  }
  return absl::Status(code, absl::StrCat("the server at ", address, " says: ", status.error_message()));
}

}  // namespace

absl::StatusOr<RunReport> EvaluateOnServer(const std::string& address, const RunOptions& options,
                                           const std::function<void(const RemoteEvaluationProgress&)>& progress) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  // A proxy from the environment is no way to a server that is named by its address.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  const auto channel = grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  const auto stub = v1::EvaluationService::NewStub(channel);
  grpc::ClientContext context;
  const std::unique_ptr<Stream> stream = stub->Evaluate(&context);
  if (const absl::Status sent = Send(options, *stream); !sent.ok()) {
    context.TryCancel();
    static_cast<void>(stream->Finish());
    return sent;
  }
  std::string report, items;
  v1::EvaluateResponse response;
  while (stream->Read(&response)) {
    report += response.report_json();
    items += response.items_json();
    if (!response.has_progress()) continue;
    progress({response.progress().task(), response.progress().texts_done(), response.progress().texts_total()});
  }
  SENVEC_RETURN_IF_ERROR(Ended(address, stream->Finish()));
  return Parse(report, items);
}

}  // namespace senvec
