// EvaluationService over the wire: what a server says of its model equals what is said of it here.
#include <gmock/gmock.h>

#include <cmath>
#include <future>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "eval/run.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/support/test_server.h"

namespace senvec {
namespace {

using ::testing::HasSubstr;

// Words of the tiny model's vocabulary, no two lists alike.
std::string Sentence(int i) {
  static const char* const kWords[] = {"reset", "my", "password", "parcel", "where", "is", "a", "b", "c", "重"};
  std::string text;
  for (int n = i + 11; n > 0; n /= 10) absl::StrAppend(&text, text.empty() ? "" : " ", kWords[n % 10]);
  return text;
}

v1::EvaluateRequest First() {
  v1::EvaluateRequest request;
  request.mutable_start()->set_resamples(50);
  request.mutable_start()->set_command("typed so");
  return request;
}

v1::EvaluateRequest Task(const TaskConfig& config, v1::EvaluationKind kind) {
  v1::EvaluateRequest request;
  request.mutable_task()->set_name(config.name);
  request.mutable_task()->set_kind(kind);
  request.mutable_task()->set_suite("all");
  return request;
}

void Add(const std::vector<ScoredPair>& pairs, google::protobuf::RepeatedPtrField<v1::LabelledPair>* out) {
  for (const ScoredPair& pair : pairs) {
    v1::LabelledPair* added = out->Add();
    added->set_first(pair.first);
    added->set_second(pair.second);
    added->set_label(pair.score);
  }
}

v1::EvaluateRequest OnePair(double label) {
  v1::EvaluateRequest request;
  Add({{"reset", "parcel", label}}, request.mutable_records()->mutable_test_pairs());
  return request;
}

struct Answer {
  grpc::Status status;
  std::vector<v1::EvaluationProgress> progress;
  nlohmann::json report, items;
  v1::EvaluationSummary summary;
};

class ServerEvaluationTest : public TestServer {
 protected:
  ServerEvaluationTest() {
    for (int i = 0; i < 700; ++i) {
      TaskData& pairs = data_["pairs"];
      (i < 300 ? pairs.dev_pairs : pairs.test_pairs).push_back({Sentence(i), Sentence(i * 7 % 700), static_cast<double>(i % 3 == 0)});
      if (i < 200) data_["set"].retrieval.documents.push_back({absl::StrCat("d", i), Sentence(i)});
      if (i < 50) data_["set"].retrieval.queries.push_back({absl::StrCat("q", i), Sentence(i + 300)});
      if (i < 50) data_["set"].retrieval.judgments.push_back({i, i * 3, 1.0 + i % 2});
      if (i < 60) data_["intents"].dev_sentences.push_back({Sentence(i), absl::StrCat("class ", i % 5)});
      if (i < 40) data_["intents"].test_sentences.push_back({Sentence(i + 60), absl::StrCat("class ", i % 6)});
    }
    configs_ = {{.name = "pairs", .kind = TaskConfig::Kind::kPairs, .test = "pairs"},
                {.name = "set", .kind = TaskConfig::Kind::kRetrieval, .test = "set"},
                {.name = "intents", .kind = TaskConfig::Kind::kIntents, .test = "intents"}};
  }

  // The same data as messages, in pieces.
  std::vector<v1::EvaluateRequest> Messages() {
    std::vector<v1::EvaluateRequest> messages = {First(), Task(configs_[0], v1::EVALUATION_KIND_PAIRS)};
    Add(data_["pairs"].dev_pairs, messages.emplace_back().mutable_records()->mutable_dev_pairs());
    Add(data_["pairs"].test_pairs, messages.emplace_back().mutable_records()->mutable_test_pairs());
    messages.push_back(Task(configs_[1], v1::EVALUATION_KIND_RETRIEVAL));
    const RetrievalSet& set = data_["set"].retrieval;
    v1::EvaluationRecords& texts = *messages.emplace_back().mutable_records();
    for (const auto& [from, to] : {std::pair(&set.documents, texts.mutable_documents()), std::pair(&set.queries, texts.mutable_queries())}) {
      for (const NamedText& text : *from) {
        v1::EvaluationText* added = to->Add();
        added->set_id(text.id);
        added->set_text(text.text);
      }
    }
    v1::EvaluationRecords& judgments = *messages.emplace_back().mutable_records();
    for (const Judgment& judgment : set.judgments) {
      v1::EvaluationJudgment* added = judgments.add_judgments();
      added->set_query_id(set.queries[judgment.query].id);
      added->set_document_id(set.documents[judgment.document].id);
      added->set_relevance(judgment.relevance);
    }
    messages.push_back(Task(configs_[2], v1::EVALUATION_KIND_INTENTS));
    v1::EvaluationRecords& intents = *messages.emplace_back().mutable_records();
    for (const auto& [from, to] : {std::pair(&data_["intents"].dev_sentences, intents.mutable_dev_sentences()),
                                   std::pair(&data_["intents"].test_sentences, intents.mutable_test_sentences())}) {
      for (const LabelledText& text : *from) {
        v1::LabelledSentence* added = to->Add();
        added->set_text(text.text);
        added->set_label(text.label);
      }
    }
    return messages;
  }

  Answer Evaluate(const std::vector<v1::EvaluateRequest>& messages, absl::Duration timeout = absl::Seconds(60)) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
    const auto stream = evaluations_->Evaluate(&context);
    for (const v1::EvaluateRequest& message : messages) {
      if (!stream->Write(message)) break;
    }
    stream->WritesDone();
    Answer answer;
    std::string report, items;
    v1::EvaluateResponse response;
    while (stream->Read(&response)) {
      report += response.report_json();
      items += response.items_json();
      if (response.has_progress()) answer.progress.push_back(response.progress());
      if (response.has_summary()) answer.summary = response.summary();
    }
    answer.status = stream->Finish();
    if (!answer.status.ok()) return answer;
    answer.report = *ParseJson(report, "report");
    answer.items = *ParseJson(items, "items");
    return answer;
  }

  std::string Fault(const std::vector<v1::EvaluateRequest>& messages) {
    const grpc::Status status = Evaluate(messages).status;
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    return status.error_message();
  }

  RunReport RunHere() {
    ThreadPool pool(1);
    const auto encoder = *SentenceEncoder::Load(folder_ / "model", {}, &pool);
    RunOptions options;
    options.suites = {{"all", "", configs_}};
    options.load = [&](const TaskConfig& task) -> absl::StatusOr<TaskData> { return data_[task.name]; };
    options.resamples = 50;
    options.command = "typed so";
    options.clock = absl::Now;
    return *RunSuites(*encoder, pool, options);
  }

  std::map<std::string, TaskData> data_;
  std::vector<TaskConfig> configs_;
};

TEST_F(ServerEvaluationTest, TheReportEqualsThatOfARunHere) {
  const RunReport here = RunHere();
  const Answer there = Evaluate(Messages());
  ASSERT_TRUE(there.status.ok()) << there.status.error_message();
  ASSERT_EQ(there.report["tasks"].size(), 3u);
  EXPECT_EQ(there.report["tasks"], here.report["tasks"]);
  EXPECT_EQ(there.items, here.items);
  for (const char* key : {"schema", "senvec", "model", "whitening", "suites", "bootstrap", "command"}) {
    EXPECT_EQ(there.report[key], here.report[key]) << key;
  }
  EXPECT_EQ(there.report["encoding"]["sentences"], here.report["encoding"]["sentences"]);
  EXPECT_EQ(there.report["encoding"]["tokens"], here.report["encoding"]["tokens"]);
}

TEST_F(ServerEvaluationTest, TellsHowFarItIsAndSumsUp) {
  const Answer answer = Evaluate(Messages());
  ASSERT_TRUE(answer.status.ok());
  ASSERT_FALSE(answer.progress.empty());
  EXPECT_EQ(answer.progress.front().tasks_total(), 3);
  int64_t done = 0;
  for (const v1::EvaluationProgress& progress : answer.progress) {
    EXPECT_GE(progress.texts_done(), done);
    done = progress.texts_done();
    if (progress.task().empty()) continue;
    EXPECT_EQ(progress.texts_total(), answer.report["encoding"]["sentences"].get<int64_t>());
  }
  ASSERT_GT(answer.summary.values_size(), 5);
  EXPECT_EQ(answer.summary.values(0).task(), "pairs");
  EXPECT_EQ(answer.summary.values(0).measure(), "spearman");
  EXPECT_EQ(answer.summary.values(0).value(), answer.report["tasks"][0]["correlation"]["spearman"].get<double>());
  EXPECT_THAT(answer.summary.text(), HasSubstr("Spearman"));
  EXPECT_EQ(answer.summary.model_fingerprint(), server_->model().fingerprint);
  EXPECT_EQ(answer.summary.precision(), "fp32");
}

TEST_F(ServerEvaluationTest, AWhiteningServerIsMeasuredAsItServes) {
  ThreadPool pool(1);
  const auto plain = *SentenceEncoder::Load(folder_ / "model", {}, &pool);
  std::vector<std::string> texts;
  for (int i = 0; i < 100; ++i) texts.push_back(Sentence(i));
  WhiteningStatistics statistics(plain->info().dim);
  ASSERT_TRUE(statistics.Add(plain->EncodeTexts(texts, "", {.normalize = false})->rows).ok());
  const Whitening whitening = *Whitening::Fit(statistics, {.k = 8}, plain->info().fingerprint);
  ASSERT_TRUE(whitening.Save(folder_ / "w.safetensors").ok());
  ServerConfig config = Config();
  config.load.whitening_path = folder_ / "w.safetensors";
  Start(config);
  RunOptions options;
  options.suites = {{"all", "", {configs_[0]}}};
  options.load = [&](const TaskConfig& task) -> absl::StatusOr<TaskData> { return data_[task.name]; };
  options.whitening = &whitening;
  options.search_whitening = false;
  options.resamples = 50;
  options.clock = absl::Now;
  const RunReport here = *RunSuites(*plain, pool, options);
  std::vector<v1::EvaluateRequest> messages = Messages();
  messages.resize(4);
  const Answer there = Evaluate(messages);
  ASSERT_TRUE(there.status.ok()) << there.status.error_message();
  const auto& task = there.report["tasks"][0];
  EXPECT_NEAR(task["correlation"]["spearman"].get<double>(), here.report["tasks"][0]["correlation"]["spearman"].get<double>(), 1e-4);
  EXPECT_FALSE(task.contains("whitening"));
  EXPECT_THAT(task["notes"].dump(), HasSubstr("whitened already"));
  EXPECT_EQ(there.report["whitening"]["fingerprint"], whitening.fingerprint());
  EXPECT_EQ(there.report["model"]["dim"], 8);
}

TEST_F(ServerEvaluationTest, WhatHasNoValueIsANoteAndNoError) {
  const Answer one_pair = Evaluate({First(), Task(configs_[0], v1::EVALUATION_KIND_PAIRS), OnePair(1)});
  ASSERT_TRUE(one_pair.status.ok()) << one_pair.status.error_message();
  EXPECT_TRUE(one_pair.report["tasks"][0]["correlation"]["spearman"].is_null());
  EXPECT_FALSE(one_pair.report["tasks"][0]["notes"].empty());
  EXPECT_EQ(one_pair.summary.values(0).measure(), "accuracy");
}

TEST_F(ServerEvaluationTest, BadInputIsNamedByTaskListAndLine) {
  EXPECT_THAT(Fault({}), HasSubstr("without a task"));
  EXPECT_THAT(Fault({First(), Task(configs_[0], v1::EVALUATION_KIND_PAIRS)}), HasSubstr("task pairs: test_pairs is empty"));
  EXPECT_THAT(Fault({First(), Task(configs_[0], v1::EVALUATION_KIND_PAIRS), OnePair(1), OnePair(std::numeric_limits<double>::quiet_NaN())}),
              HasSubstr("task pairs, test_pairs line 2: the label is nan"));
  std::vector<v1::EvaluateRequest> messages = Messages();
  messages[6].mutable_records()->mutable_judgments(4)->set_document_id("d9999");
  EXPECT_THAT(Fault(messages), HasSubstr("task set, judgments line 5: the corpus lacks the id \"d9999\""));
  v1::EvaluateRequest broken = OnePair(1);
  broken.mutable_records()->mutable_test_pairs(0)->set_first("\xff");
  EXPECT_THAT(Fault({First(), Task(configs_[0], v1::EVALUATION_KIND_PAIRS), broken}), HasSubstr("valid UTF-8"));
}

TEST_F(ServerEvaluationTest, ABadMessageEndsTheCallBeforeTheRestIsSent) {
  grpc::ClientContext context;
  const auto stream = evaluations_->Evaluate(&context);
  ASSERT_TRUE(stream->Write(OnePair(1)));
  // Without WritesDone(): the server does not wait for it.
  v1::EvaluateResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ServerEvaluationTest, TooManyOpenOnesAreRefusedAndGoOnWhenOneLeaves) {
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReaderWriter<v1::EvaluateRequest, v1::EvaluateResponse>>> streams;
  grpc::StatusCode code = grpc::StatusCode::OK;
  while (streams.size() < 16 && code == grpc::StatusCode::OK) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    streams.push_back(evaluations_->Evaluate(contexts.back().get()));
    ASSERT_TRUE(streams.back()->Write(First()));
    // A probe tells whether the ones before it have used up the places.
    code = Evaluate({First(), Task(configs_[0], v1::EVALUATION_KIND_PAIRS), OnePair(1)}).status.error_code();
  }
  EXPECT_EQ(code, grpc::StatusCode::RESOURCE_EXHAUSTED);
  for (size_t i = 0; i < streams.size(); ++i) {
    contexts[i]->TryCancel();
    EXPECT_NE(streams[i]->Finish().error_code(), grpc::StatusCode::OK);
  }
  // The server hears of it soon.
  grpc::Status status;
  for (int i = 0; i < 1000; ++i) {
    status = Evaluate({First(), Task(configs_[0], v1::EVALUATION_KIND_PAIRS), OnePair(1)}).status;
    if (status.error_code() != grpc::StatusCode::RESOURCE_EXHAUSTED) break;
  }
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST_F(ServerEvaluationTest, ACancelledOneEndsAndTheServerGoesOn) {
  grpc::ClientContext context;
  const auto stream = evaluations_->Evaluate(&context);
  for (const v1::EvaluateRequest& message : Messages()) ASSERT_TRUE(stream->Write(message));
  stream->WritesDone();
  v1::EvaluateResponse response;
  ASSERT_TRUE(stream->Read(&response));
  context.TryCancel();
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(Evaluate({First(), Task(configs_[0], v1::EVALUATION_KIND_PAIRS), OnePair(1)}).status.ok());
}

TEST_F(ServerEvaluationTest, ADeadlineThatHasPassedEndsIt) {
  EXPECT_EQ(Evaluate(Messages(), absl::Milliseconds(1)).status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(ServerEvaluationTest, ShutdownEndsAnOpenOne) {
  ServerConfig config = Config();
  config.drain = absl::ZeroDuration();
  Start(config);
  grpc::ClientContext context;
  const auto stream = evaluations_->Evaluate(&context);
  ASSERT_TRUE(stream->Write(First()));
  auto shutdown = std::async(std::launch::async, [this] { server_->Shutdown(); });
  v1::EvaluateResponse response;
  while (stream->Read(&response)) {
  }
  EXPECT_FALSE(stream->Finish().ok());
  shutdown.get();
}

TEST_F(ServerEvaluationTest, HealthNamesTheService) {
  grpc::health::v1::HealthCheckRequest request;
  request.set_service("senvec.v1.EvaluationService");
  grpc::health::v1::HealthCheckResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(grpc::health::v1::Health::NewStub(channel_)->Check(&context, request, &response).ok());
  EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::SERVING);
}

}  // namespace
}  // namespace senvec
