// The readers of evaluation data: pairs, retrieval sets, labelled texts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "dataio/labelled_text_reader.h"
#include "dataio/retrieval_reader.h"
#include "dataio/scored_pair_reader.h"
#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

using ::testing::HasSubstr;

class EvaluationReadersTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& bytes) {
    const std::string path = folder_ / name;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  // What reading the folder fails with.
  std::string Fault(bool allow_absent = false) {
    const auto set = ReadRetrievalSet(folder_.path(), {.allow_absent = allow_absent});
    return set.ok() ? "" : std::string(set.status().message());
  }
  void WritePlain() {
    Write("corpus.tsv", "d1\tone\nd2\ttwo\n");
    Write("queries.tsv", "q1\tuno\nq2\tdos\n");
    Write("qrels.tsv", "q1\td1\t1\nq2\td2\t2\n");
  }

  const TempDir folder_;
};

TEST_F(EvaluationReadersTest, PairsOfJsonLines) {
  const auto pairs = ReadScoredPairs(Write(
      "a.jsonl", "{\"sentence1\":\"a\",\"sentence2\":\"b\",\"score\":4.5,\"x\":1}\n\n"
                 "{\"text1\":\"c\",\"text2\":\"d\",\"label\":1}\n"));
  ASSERT_TRUE(pairs.ok()) << pairs.status();
  ASSERT_EQ(pairs->size(), 2u);
  EXPECT_EQ((*pairs)[0].second, "b");
  EXPECT_EQ((*pairs)[0].score, 4.5);
  EXPECT_EQ((*pairs)[1].score, 1);
}

TEST_F(EvaluationReadersTest, PairsOfListsAsMtebHasThem) {
  const auto pairs = ReadScoredPairs(Write("a.jsonl", "{\"sentence1\":[\"a\",\"c\"],\"sentence2\":[\"b\",\"d\"],\"labels\":[1,0]}\n"));
  ASSERT_TRUE(pairs.ok()) << pairs.status();
  ASSERT_EQ(pairs->size(), 2u);
  EXPECT_EQ((*pairs)[1].first, "c");
  EXPECT_EQ((*pairs)[1].second, "d");
  EXPECT_EQ((*pairs)[0].score, 1);
  for (const auto& [line, fault] : {std::pair("{\"sentence1\":[\"a\"],\"sentence2\":[],\"labels\":[1]}", "line 1: 1 first sentences"),
                                    std::pair("{\"sentence1\":[\"a\"],\"sentence2\":\"b\",\"labels\":[1]}", "must be lists of as many"),
                                    std::pair("{\"sentence1\":[\"a\",\"b\"],\"sentence2\":[\"c\",\"d\"],\"labels\":[1,\"x\"]}", "line 1: place 1: the score")}) {
    EXPECT_THAT(std::string(ReadScoredPairs(Write("bad.jsonl", line)).status().message()), HasSubstr(fault));
  }
}

TEST_F(EvaluationReadersTest, PairsOfTabSeparatedLines) {
  EXPECT_EQ(ReadScoredPairs(Write("a.tsv", "a\tb\t0.5\n"))->front().score, 0.5);
  EXPECT_TRUE(ReadScoredPairs(Write("empty.tsv", ""))->empty());
}

TEST_F(EvaluationReadersTest, BadPairsNameFileAndLine) {
  const std::string good = "{\"sentence1\":\"a\",\"sentence2\":\"b\",\"score\":1}\n";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{\"sentence1\":\"a\",\"score\":1}", "none of the keys sentence2"},
      {"{\"sentence1\":\"a\",\"sentence2\":7,\"score\":1}", "must be a string"},
      {"{\"sentence1\":\"a\",\"sentence2\":\"b\",\"score\":\"high\"}", "not a finite number"},
      {"{\"sentence1\":\"a\",\"sentence2\":\"b\"}", "none of the keys score"},
      {"[1]", "expected a JSON object"},
      {"{", "line 2"}};
  for (const auto& [line, fault] : cases) {
    const auto pairs = ReadScoredPairs(Write("bad.jsonl", good + line + "\n"));
    ASSERT_EQ(pairs.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(pairs.status().message()), HasSubstr("bad.jsonl: line 2"));
    EXPECT_THAT(std::string(pairs.status().message()), HasSubstr(fault));
  }
  const auto pairs = ReadScoredPairs(Write("bad.tsv", "a\tb\tyes\n"));
  EXPECT_THAT(std::string(pairs.status().message()), HasSubstr("bad.tsv"));
  EXPECT_THAT(std::string(pairs.status().message()), HasSubstr("line 1: score \"yes\""));
}

TEST_F(EvaluationReadersTest, RetrievalSetOfPlainFiles) {
  WritePlain();
  const auto set = ReadRetrievalSet(folder_.path(), {});
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_EQ(set->documents[1].text, "two");
  EXPECT_EQ(set->queries[0].id, "q1");
  ASSERT_EQ(set->judgments.size(), 2u);
  EXPECT_EQ(set->judgments[1].document, 1);
  EXPECT_EQ(set->judgments[1].relevance, 2);
}

TEST_F(EvaluationReadersTest, RetrievalSetInBeirLayout) {
  Write("corpus.jsonl", "{\"_id\":\"d1\",\"title\":\"The\",\"text\":\"one\"}\n"
                        "{\"_id\":\"d2\",\"title\":\"\",\"text\":\"two\",\"metadata\":{}}\n");
  Write("queries.jsonl", "{\"_id\":7,\"text\":\"uno\"}\n");
  Write("qrels/test.tsv", "query-id\tcorpus-id\tscore\n7\td2\t1\n");
  Write("qrels/dev.tsv", "query-id\tcorpus-id\tscore\n7\td1\t1\n");
  const auto set = ReadRetrievalSet(folder_.path(), {});
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_EQ(set->documents[0].text, "The one");
  EXPECT_EQ(set->documents[1].text, "two");
  EXPECT_EQ(set->judgments.front().document, 1);
  EXPECT_EQ(ReadRetrievalSet(folder_.path(), {.split = "dev"})->judgments.front().document, 0);
}

TEST_F(EvaluationReadersTest, JudgmentsOfJsonLines) {
  WritePlain();
  Write("qrels/test.jsonl", "{\"query-id\":\"q1\",\"corpus-id\":\"d2\",\"score\":1}\n\n{\"query-id\":\"q2\",\"corpus-id\":\"d2\",\"score\":0.5}\n");
  const auto set = ReadRetrievalSet(folder_.path(), {});
  ASSERT_TRUE(set.ok()) << set.status();
  ASSERT_EQ(set->judgments.size(), 2u);
  EXPECT_EQ(set->judgments[1].query, 1);
  EXPECT_EQ(set->judgments[1].relevance, 0.5);
  const std::pair<const char*, const char*> faults[] = {
      {"[]\n", "test.jsonl: line 1: expected a JSON object"},
      {"{\"query-id\":\"q1\",\"corpus-id\":\"d2\"}\n", "test.jsonl: line 1"},
      {"{\"query-id\":\"q1\",\"corpus-id\":\"d9\",\"score\":1}\n", "test.jsonl: line 1: the corpus lacks the id \"d9\""}};
  for (const auto& [line, fault] : faults) {
    Write("qrels/test.jsonl", line);
    EXPECT_THAT(Fault(), HasSubstr(fault));
  }
}

TEST_F(EvaluationReadersTest, BadRetrievalSetsNameFileAndLine) {
  const std::vector<std::vector<std::string>> cases = {
      {"corpus.tsv", "d1\tone\nd2\ttwo\nd1\tthree\n", "corpus.tsv: line 3: the id \"d1\" was on line 1"},
      {"corpus.tsv", "d1\tone\nd2\n", "corpus.tsv: line 2: expected id TAB text, got 1 field"},
      {"corpus.tsv", "\tone\n", "corpus.tsv: line 1: the id is empty"},
      {"corpus.tsv", "\n", "corpus.tsv: there is no text"},
      {"queries.tsv", "q1\tuno\n", "qrels.tsv: line 2: the queries lack the id \"q2\""},
      {"qrels.tsv", "q1\td9\t1\n", "qrels.tsv: line 1: the corpus lacks the id \"d9\""},
      {"qrels.tsv", "q1\td1\tgood\n", "qrels.tsv: line 1: relevance \"good\""},
      {"qrels.tsv", "q1\td1\tnan\n", "qrels.tsv: line 1: relevance \"nan\""},
      {"qrels.tsv", "q1\td1\n", "qrels.tsv: line 1: expected query id TAB"},
      {"qrels.tsv", "q1\td1\t1\nq1\td1\t0\n", "qrels.tsv: line 2: query \"q1\" and document \"d1\" were judged on line 1"},
      {"qrels.tsv", "", "qrels.tsv: there is no judgment"}};
  for (const auto& c : cases) {
    WritePlain();
    Write(c[0], c[1]);
    EXPECT_THAT(Fault(), HasSubstr(c[2]));
  }
}

TEST_F(EvaluationReadersTest, AbsentDocumentsMayBeAllowed) {
  WritePlain();
  Write("qrels.tsv", "q1\td9\t1\nq1\td1\t1\nq9\td1\t1\n");
  const auto set = ReadRetrievalSet(folder_.path(), {.allow_absent = true});
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_EQ(set->absent_documents, 1);
  ASSERT_EQ(set->judgments.size(), 2u);
  EXPECT_EQ(set->judgments[0].document, -1);
}

TEST_F(EvaluationReadersTest, AMissingFileIsNamed) {
  EXPECT_THAT(Fault(), HasSubstr("neither corpus.jsonl nor corpus.tsv"));
  Write("corpus.tsv", "d\tx\n");
  EXPECT_THAT(Fault(), HasSubstr("neither queries.jsonl nor"));
  Write("queries.tsv", "q\tx\n");
  EXPECT_THAT(Fault(), HasSubstr("qrels/test.tsv (or .jsonl) nor"));
}

TEST_F(EvaluationReadersTest, LabelledTexts) {
  const auto tsv = ReadLabelledTexts(Write("a.tsv", "hi\tgreet\n\nbye\tpart\n"));
  ASSERT_TRUE(tsv.ok()) << tsv.status();
  EXPECT_EQ((*tsv)[1].label, "part");
  const auto json = ReadLabelledTexts(
      Write("a.jsonl", "{\"text\":\"a\",\"label\":3}\n{\"text\":\"b\",\"label\":1,\"label_text\":\"x\"}\n"));
  EXPECT_EQ((*json)[0].label, "3");
  EXPECT_EQ((*json)[1].label, "x");
}

TEST_F(EvaluationReadersTest, BadLabelledTextsNameFileAndLine) {
  const auto fault = [&](const std::string& name, const std::string& bytes) {
    return std::string(ReadLabelledTexts(Write(name, bytes)).status().message());
  };
  EXPECT_THAT(fault("b.tsv", "a\tb\nc\n"), HasSubstr("b.tsv: line 2: expected text TAB label"));
  EXPECT_THAT(fault("b.tsv", "a\t\n"), HasSubstr("b.tsv: line 1: the label is empty"));
  EXPECT_THAT(fault("b.tsv", ""), HasSubstr("b.tsv: there is no text"));
  EXPECT_THAT(fault("b.jsonl", "{\"text\":\"a\"}\n"), HasSubstr("b.jsonl: line 1"));
  EXPECT_THAT(fault("b.jsonl", "7\n"), HasSubstr("expected a JSON object"));
}

}  // namespace
}  // namespace senvec
