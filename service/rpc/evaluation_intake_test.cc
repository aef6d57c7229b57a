#include "service/rpc/evaluation_intake.h"

#include <gmock/gmock.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "tests/support/angle_encoder.h"

namespace senvec {
namespace {

using ::testing::HasSubstr;

v1::EvaluateRequest Start() {
  v1::EvaluateRequest request;
  request.mutable_start();
  return request;
}

v1::EvaluateRequest Task(const std::string& name, v1::EvaluationKind kind) {
  v1::EvaluateRequest request;
  request.mutable_task()->set_name(name);
  request.mutable_task()->set_kind(kind);
  request.mutable_task()->set_suite("suite");
  return request;
}

v1::EvaluateRequest Records(const std::function<void(v1::EvaluationRecords&)>& fill) {
  v1::EvaluateRequest request;
  fill(*request.mutable_records());
  return request;
}

void AddPair(v1::EvaluationRecords& records, const std::string& first, const std::string& second, double label) {
  v1::LabelledPair* pair = records.add_test_pairs();
  pair->set_first(first);
  pair->set_second(second);
  pair->set_label(label);
}

v1::EvaluateRequest OnePair(double label = 1) {
  return Records([&](v1::EvaluationRecords& records) { AddPair(records, "a", "b", label); });
}

void AddJudgment(v1::EvaluationRecords& records, const std::string& query, const std::string& document, double relevance) {
  v1::EvaluationJudgment* judgment = records.add_judgments();
  judgment->set_query_id(query);
  judgment->set_document_id(document);
  judgment->set_relevance(relevance);
}

void AddText(v1::EvaluationText* to, const std::string& id, const std::string& text) {
  to->set_id(id);
  to->set_text(text);
}

// Documents d0, d1 and queries q0, q1.
v1::EvaluateRequest Corpus() {
  return Records([](v1::EvaluationRecords& records) {
    for (const char* i : {"0", "1"}) {
      AddText(records.add_documents(), std::string("d") + i, "text");
      AddText(records.add_queries(), std::string("q") + i, "asked");
    }
  });
}

void AddSentence(v1::LabelledSentence* to, const std::string& text, const std::string& label) {
  to->set_text(text);
  to->set_label(label);
}

// All of the messages, or the first error.
absl::StatusOr<Evaluation> Take(std::vector<v1::EvaluateRequest> messages, const RpcLimits& limits = {}) {
  EvaluationIntake intake(limits);
  for (v1::EvaluateRequest& message : messages) {
    if (const absl::Status status = intake.Add(std::move(message)); !status.ok()) return status;
  }
  return intake.Finish();
}

std::string Fault(std::vector<v1::EvaluateRequest> messages, const RpcLimits& limits = {}) {
  const auto evaluation = Take(std::move(messages), limits);
  return evaluation.ok() ? "" : std::string(evaluation.status().message());
}

constexpr v1::EvaluationKind kPairs = v1::EVALUATION_KIND_PAIRS;
constexpr v1::EvaluationKind kRetrieval = v1::EVALUATION_KIND_RETRIEVAL;
constexpr v1::EvaluationKind kIntents = v1::EVALUATION_KIND_INTENTS;

TEST(EvaluationIntakeTest, KeepsWhatCameWithItsDefaults) {
  v1::EvaluateRequest task = Task("pairs", kPairs);
  task.mutable_task()->set_positive_from(3);
  v1::EvaluationFile* file = task.mutable_task()->add_files();
  file->set_file("test.tsv");
  file->set_bytes(7);
  file->set_xxh3_128("0123");
  const auto evaluation = Take({Start(), task, OnePair(), OnePair(2)});
  ASSERT_TRUE(evaluation.ok()) << evaluation.status();
  EXPECT_EQ(evaluation->resamples, 1000);
  EXPECT_EQ(evaluation->seed, 1u);
  EXPECT_TRUE(evaluation->search_whitening);
  ASSERT_EQ(evaluation->suites.size(), 1u);
  const TaskConfig& config = evaluation->suites[0].tasks[0];
  EXPECT_EQ(config.query_prompt, "query");
  EXPECT_EQ(config.positive_from, 3);
  const TaskData& data = *evaluation->data.at("pairs");
  ASSERT_EQ(data.test_pairs.size(), 2u);
  EXPECT_EQ(data.test_pairs[1].score, 2);
  EXPECT_EQ(data.files.dump(), R"([{"bytes":7,"file":"test.tsv","xxh3_128":"0123"}])");
}

TEST(EvaluationIntakeTest, ResolvesJudgmentsThatCameBeforeTheirTexts) {
  const auto evaluation = Take({Start(), Task("set", kRetrieval), Records([](v1::EvaluationRecords& records) {
                                  AddJudgment(records, "q1", "d0", 2);
                                }),
                                Corpus()});
  ASSERT_TRUE(evaluation.ok()) << evaluation.status();
  const RetrievalSet& set = evaluation->data.at("set")->retrieval;
  ASSERT_EQ(set.judgments.size(), 1u);
  EXPECT_EQ(set.judgments[0].query, 1);
  EXPECT_EQ(set.judgments[0].document, 0);
  EXPECT_EQ(set.judgments[0].relevance, 2);
}

TEST(EvaluationIntakeTest, WithAllowAbsentUnknownIdsCountOrAreDropped) {
  v1::EvaluateRequest task = Task("set", kRetrieval);
  task.mutable_task()->set_allow_absent(true);
  const auto evaluation = Take({Start(), task, Corpus(), Records([](v1::EvaluationRecords& records) {
                                  AddJudgment(records, "q0", "", 1);
                                  AddJudgment(records, "q0", "nowhere", 1);
                                  AddJudgment(records, "nobody", "d0", 1);
                                })});
  ASSERT_TRUE(evaluation.ok()) << evaluation.status();
  const RetrievalSet& set = evaluation->data.at("set")->retrieval;
  EXPECT_EQ(set.judgments.size(), 2u);
  EXPECT_EQ(set.absent_documents, 2);
}

TEST(EvaluationIntakeTest, MessagesOutOfOrderAreRefused) {
  EXPECT_THAT(Fault({}), HasSubstr("without a task"));
  EXPECT_THAT(Fault({Start()}), HasSubstr("without a task"));
  EXPECT_THAT(Fault({Task("a", kPairs)}), HasSubstr("first message must be start"));
  EXPECT_THAT(Fault({Start(), Start()}), HasSubstr("start came twice"));
  EXPECT_THAT(Fault({Start(), OnePair()}), HasSubstr("before the first task"));
  EXPECT_THAT(Fault({Start(), v1::EvaluateRequest()}), HasSubstr("is empty"));
}

TEST(EvaluationIntakeTest, BadStartsAndTasksAreRefused) {
  v1::EvaluateRequest start = Start();
  start.mutable_start()->set_resamples(0);
  EXPECT_THAT(Fault({start}), HasSubstr("resamples is 0; it must be in [1, 100000]"));
  EXPECT_THAT(Fault({Start(), Task("", kPairs)}), HasSubstr("the name \"\""));
  EXPECT_THAT(Fault({Start(), Task("../up", kPairs)}), HasSubstr("the name \"../up\""));
  EXPECT_THAT(Fault({Start(), Task(std::string(129, 'a'), kPairs)}), HasSubstr("1 to 128"));
  EXPECT_THAT(Fault({Start(), Task("a", v1::EVALUATION_KIND_UNSPECIFIED)}), HasSubstr("task a: kind is 0"));
  EXPECT_THAT(Fault({Start(), Task("a", static_cast<v1::EvaluationKind>(77))}), HasSubstr("kind is 77"));
  EXPECT_THAT(Fault({Start(), Task("a", kPairs), OnePair(), Task("a", kPairs)}), HasSubstr("task a: there are two"));
  v1::EvaluateRequest task = Task("a", kPairs);
  task.mutable_task()->set_positive_from(std::numeric_limits<double>::quiet_NaN());
  EXPECT_THAT(Fault({Start(), task}), HasSubstr("positive_from is not finite"));
}

TEST(EvaluationIntakeTest, EmptyListsAreNamed) {
  EXPECT_THAT(Fault({Start(), Task("a", kPairs)}), HasSubstr("task a: test_pairs is empty"));
  EXPECT_THAT(Fault({Start(), Task("a", kPairs), Task("b", kPairs)}), HasSubstr("task a: test_pairs is empty"));
  EXPECT_THAT(Fault({Start(), Task("a", kRetrieval)}), HasSubstr("task a: documents is empty"));
  EXPECT_THAT(Fault({Start(), Task("a", kRetrieval), Corpus()}), HasSubstr("task a: judgments has no line"));
  EXPECT_THAT(Fault({Start(), Task("a", kIntents)}), HasSubstr("task a: dev_sentences is empty"));
}

TEST(EvaluationIntakeTest, LinesAreCountedOverMessages) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(Fault({Start(), Task("a", kPairs), OnePair(), OnePair(nan)}), HasSubstr("task a, test_pairs line 2: the label is nan"));
  EXPECT_THAT(Fault({Start(), Task("a", kPairs), OnePair(std::numeric_limits<double>::infinity())}), HasSubstr("line 1: the label is inf"));
}

TEST(EvaluationIntakeTest, JudgmentsOfUnknownIdsNameTheirLine) {
  const auto with = [](const std::string& query, const std::string& document, double relevance) {
    return Fault({Start(), Task("a", kRetrieval), Corpus(), Records([&](v1::EvaluationRecords& records) {
                    AddJudgment(records, "q0", "d0", 1);
                    AddJudgment(records, query, document, relevance);
                  })});
  };
  EXPECT_THAT(with("q9", "d0", 1), HasSubstr("task a, judgments line 2: the queries lack the id \"q9\""));
  EXPECT_THAT(with("q0", "d9", 1), HasSubstr("task a, judgments line 2: the corpus lacks the id \"d9\""));
  EXPECT_THAT(with("q0", "d0", 0), HasSubstr("judged on line 1 already"));
  EXPECT_THAT(with("q0", "d1", std::nan("")), HasSubstr("line 2: the relevance is nan"));
}

TEST(EvaluationIntakeTest, IdsAndLabelsMustBeThereOnce) {
  const auto document = [](const std::string& id) {
    return Records([&](v1::EvaluationRecords& records) { AddText(records.add_documents(), id, "text"); });
  };
  EXPECT_THAT(Fault({Start(), Task("a", kRetrieval), document("d"), document("d")}), HasSubstr("documents line 2: the id \"d\" was on line 1"));
  EXPECT_THAT(Fault({Start(), Task("a", kRetrieval), document("")}), HasSubstr("documents line 1: the id has 0 bytes"));
  EXPECT_THAT(Fault({Start(), Task("a", kIntents), Records([](v1::EvaluationRecords& records) { AddSentence(records.add_dev_sentences(), "a", ""); })}),
              HasSubstr("dev_sentences line 1: the label has 0 bytes"));
}

TEST(EvaluationIntakeTest, RecordsOfAnotherKindAreRefused) {
  EXPECT_THAT(Fault({Start(), Task("a", kRetrieval), OnePair()}), HasSubstr("task a: its kind is retrieval; records of another kind came"));
  EXPECT_THAT(Fault({Start(), Task("a", kPairs), Corpus()}), HasSubstr("its kind is pairs"));
}

TEST(EvaluationIntakeTest, TextsAndBytesAreBounded) {
  RpcLimits limits;
  limits.max_evaluation_texts = 3;
  const auto texts = Take({Start(), Task("a", kPairs), OnePair(), OnePair()}, limits);
  EXPECT_EQ(texts.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(texts.status().message()), HasSubstr("test_pairs line 2: an evaluation has at most 3 texts"));
  limits = RpcLimits();
  limits.max_evaluation_bytes = 3;
  EXPECT_EQ(Take({Start(), Task("a", kPairs), OnePair(), OnePair()}, limits).status().code(), absl::StatusCode::kResourceExhausted);
  limits = RpcLimits();
  limits.max_text_bytes = 4;
  const std::string fault = Fault({Start(), Task("a", kPairs), Records([](v1::EvaluationRecords& records) { AddPair(records, "a", "12345", 1); })}, limits);
  EXPECT_THAT(fault, HasSubstr("test_pairs line 1"));
}

TEST(EvaluationIntakeTest, TextsToEncodeAreCountedOnceForEachPrompt) {
  v1::EvaluateRequest retrieval = Task("set", kRetrieval);
  const auto evaluation = Take({Start(), Task("pairs", kPairs), OnePair(), OnePair(), retrieval, Corpus(), Records([](v1::EvaluationRecords& records) {
                                  AddText(records.add_documents(), "d2", "a");
                                  AddText(records.add_queries(), "q2", "a");
                                  AddJudgment(records, "q0", "d0", 1);
                                })});
  ASSERT_TRUE(evaluation.ok()) << evaluation.status();
  // With the prompt "query": a, b, asked; without one, since the encoder has none for passages: text, a.
  EXPECT_EQ(CountTextsToEncode(*evaluation, AngleEncoder()), 5);
}

}  // namespace
}  // namespace senvec
