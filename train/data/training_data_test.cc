#include "train/data/training_data.h"

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "tests/support/temp_dir.h"
#include "train/data/test_tokenizer.h"

namespace senvec {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class TrainingDataTest : public testing::Test {
 protected:
  void Write(const std::string& name, const std::string& contents) {
    ASSERT_TRUE(WriteFileAtomically(folder_ / name, contents).ok());
  }
  // One task, and what else stands in the configuration after it.
  absl::StatusOr<std::unique_ptr<const TrainingData>> Load(const std::string& task, const std::string& more = "") {
    const auto config = TrainConfig::FromJson(
        absl::StrCat(R"({"output": "o", "steps": 1, "model": {"from": "m"}, "tasks": [{"name": "t", )", task, "}]", more, "}"),
        "run.json", folder_.path(), {});
    EXPECT_TRUE(config.ok()) << config.status();
    config_ = *config;
    return TrainingData::Load(config_, *tokenizer_, pool_);
  }
  std::string ErrorOf(const std::string& task, const std::string& more = "") {
    const auto data = Load(task, more);
    EXPECT_FALSE(data.ok());
    return std::string(data.status().message());
  }

  TempDir folder_;
  ThreadPool pool_{2};
  TrainConfig config_;
  std::unique_ptr<const Tokenizer> tokenizer_ = TokenizerOf({"a b c d e f g h"});
};

TEST_F(TrainingDataTest, ReadsPairsOnceTokenised) {
  Write("p.tsv", "a b\tc\t5\n\nc\ta b\t1\nd\te f g\t2.5\n");
  const auto data = Load(R"("loss": "cosent", "files": ["p.tsv"])");
  ASSERT_TRUE(data.ok()) << data.status();
  const TaskRows& rows = (*data)->tasks()[0];
  EXPECT_THAT(rows.labels, ElementsAre(5, 1, 2.5));
  EXPECT_THAT(rows.line, ElementsAre(1, 3, 4));
  EXPECT_THAT(rows.texts, ElementsAre(0, 1, 1, 0, 2, 3));
  EXPECT_EQ((*data)->texts().text(3), "e f g");
  EXPECT_EQ((*data)->texts().num_tokens(3), 3);
  EXPECT_EQ((*data)->reports()[0].texts, 4);
  EXPECT_EQ((*data)->reports()[0].duplicate_rows, 1);
  EXPECT_EQ((*data)->reports()[0].conflicting_rows, 1);
}

TEST_F(TrainingDataTest, ReadsEveryFormat) {
  Write("pos.tsv", "a\tb\n");
  Write("tri.tsv", "a\tb\tc\n");
  Write("txt.txt", "a\tb\nc\n");
  Write("nli.tsv", "entailment\t9\ta\tb\ncontradiction\t9\ta\tc\n");
  Write("j.jsonl", "{\"q\": \"a\", \"p\": \"b\", \"s\": 0.5}\n{\"q\": \"a\", \"p\": \"c\", \"s\": \"1\", \"x\": []}\n");
  EXPECT_EQ((*Load(R"("loss": "contrastive", "files": ["pos.tsv"])"))->tasks()[0].texts.size(), 2u);
  EXPECT_EQ((*Load(R"("loss": "contrastive", "rows": "triples", "files": ["tri.tsv"])"))->tasks()[0].texts.size(), 3u);
  EXPECT_THAT((*Load(R"("loss": "cosent", "files": ["nli.tsv"], "columns": ["label", "skip", "text_a", "text_b"],
                       "labels": {"entailment": 1, "contradiction": 0})"))->tasks()[0].labels, ElementsAre(1, 0));
  EXPECT_THAT((*Load(R"("loss": "cosent", "files": ["j.jsonl"], "columns": {"text_a": "q", "text_b": "p", "label": "s"})"))
                  ->tasks()[0].labels, ElementsAre(0.5, 1));
  EXPECT_THAT(ErrorOf(R"("loss": "simcse", "files": ["txt.txt"])"), HasSubstr("line 1: expected text, got 2 fields"));
}

TEST_F(TrainingDataTest, NumbersClasses) {
  Write("c.tsv", "a\t10\nb\tx\nc\t9\nd\t10\n");
  const auto data = Load(R"("loss": "amsoftmax", "files": ["c.tsv"])");
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_THAT((*data)->tasks()[0].class_names, ElementsAre("9", "10", "x"));
  EXPECT_THAT((*data)->tasks()[0].labels, ElementsAre(1, 2, 0, 1));
  EXPECT_EQ((*data)->tasks()[0].num_classes, 3);
}

TEST_F(TrainingDataTest, NamesFileLineAndFault) {
  Write("bad.tsv", "a\tb\tx\na\t \t1\na\tb\na\t\xFF\t1\na\tb\tnan\na\tb\t\na\tb\t1\n");
  EXPECT_THAT(ErrorOf(R"("loss": "cosent", "files": ["bad.tsv"])"),
              AllOf(HasSubstr("bad.tsv: 6 bad lines"), HasSubstr("line 1: label \"x\" is not a number"), HasSubstr("line 2: the second text is empty"),
                    HasSubstr("line 3: expected text_a TAB text_b TAB label, got 2 fields"), HasSubstr("line 4: the second text is not UTF-8"),
                    HasSubstr("line 5: label \"nan\""), HasSubstr("and more")));
  EXPECT_THAT(ErrorOf(R"("loss": "cosent", "files": ["bad.tsv"], "labels": {"1": 1, "2": 0})"), HasSubstr("none of \"labels\": 1, 2"));
  Write("bad.jsonl", "{\"text_a\": \"a\", \"label\": 1}\n{\"text_a\": 1}\n[]\n{\n");
  EXPECT_THAT(ErrorOf(R"("loss": "cosent", "files": ["bad.jsonl"])"),
              AllOf(HasSubstr("line 1: has no \"text_b\""), HasSubstr("line 2: \"text_a\" is of type number"), HasSubstr("line 3: expected a JSON object"),
                    HasSubstr("line 4: the line: not valid JSON")));
  Write("empty.tsv", "\n");
  EXPECT_THAT(ErrorOf(R"("loss": "cosent", "files": ["empty.tsv"])"), HasSubstr("no rows"));
  EXPECT_THAT(ErrorOf(R"("loss": "cosent", "files": ["none.tsv"])"), HasSubstr("none.tsv"));
}

TEST_F(TrainingDataTest, RefusesLabelsThatAreAllTheSame) {
  Write("one.tsv", "a\tb\t1\nc\td\t1\n");
  for (const char* loss : {"cosent", "cross_cosent", "sbert", "cross_entropy", "cosine"}) {
    EXPECT_THAT(ErrorOf(absl::StrCat("\"loss\": \"", loss, "\", \"files\": [\"one.tsv\"]")),
                AllOf(HasSubstr("one.tsv"), HasSubstr("all 2 rows have the label 1"), HasSubstr(loss)));
  }
  Write("graded.tsv", "a\tb\t0\nc\td\t5\n");
  EXPECT_THAT(ErrorOf(R"("loss": "cosine", "files": ["graded.tsv"])"), HasSubstr("from 0 to 5"));
}

TEST_F(TrainingDataTest, DuplicatesAreRefusedOrDropped) {
  Write("d.tsv", "a\tb\t1\nc\td\t0\nb\ta\t0\n");
  EXPECT_THAT(ErrorOf(R"("loss": "cosent", "files": ["d.tsv"], "duplicates": "refuse")"), AllOf(HasSubstr("d.tsv:3"), HasSubstr("d.tsv:1")));
  const auto data = Load(R"("loss": "cosent", "files": ["d.tsv"], "duplicates": "drop")");
  ASSERT_TRUE(data.ok());
  EXPECT_THAT((*data)->tasks()[0].labels, ElementsAre(1, 0));
}

TEST_F(TrainingDataTest, GuardStopsOrDrops) {
  Write("p.tsv", "a\tb\t1\nc\td\t0\ne\tf\t0\na\tg\t1\n");
  Write("test.tsv", "x\ty\t1\nD\tc!\t0\n");
  const std::string task = R"("loss": "cosent", "files": ["p.tsv"])";
  EXPECT_THAT(ErrorOf(task, R"(, "guard": {"files": ["test.tsv"]})"), AllOf(HasSubstr("p.tsv:2"), HasSubstr("test.tsv:2"), HasSubstr("\"t\"")));
  const auto data = Load(task, R"(, "guard": {"files": ["test.tsv"], "on_hit": "drop"}, "dev": [{"name": "d", "file": "test.tsv"}])");
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_EQ((*data)->reports()[0].guard_hits, 1);
  EXPECT_EQ((*data)->tasks()[0].size(), 3);
  // What was dropped is not among the texts either.
  for (int32_t i = 0; i < (*data)->texts().size(); ++i) EXPECT_NE((*data)->texts().text(i), "c");
}

TEST_F(TrainingDataTest, TextsWithoutLabelsAreHeldAgainstSentences) {
  Write("t.txt", "a b\nc\n");
  Write("test.tsv", "C.\td\t1\n");
  EXPECT_THAT(ErrorOf(R"("loss": "simcse", "files": ["t.txt"])", R"(, "guard": {"files": ["test.tsv"]})"), HasSubstr("t.txt:2"));
  Write("p.tsv", "a\tc\t1\nc\ta b\t0\n");
  const auto pairs = Load(R"("loss": "cosent", "files": ["p.tsv"])", R"(, "guard": {"files": ["test.tsv"]})");
  ASSERT_TRUE(pairs.ok()) << pairs.status();
  EXPECT_EQ((*pairs)->reports()[0].shared_sentences, 2);
}

TEST_F(TrainingDataTest, DevRowsAreCountedOnly) {
  Write("p.tsv", "a\tb\t1\nc\td\t0\n");
  const auto data = Load(R"("loss": "cosent", "files": ["p.tsv"])", R"(, "dev": [{"name": "d", "file": "p.tsv"}])");
  ASSERT_TRUE(data.ok());
  EXPECT_EQ((*data)->reports()[0].dev_hits, 2);
}

TEST_F(TrainingDataTest, CountsTextsThatAreCut) {
  Write("t.txt", "a b c d e f g h a b\na\n");
  const auto data = Load(R"("loss": "simcse", "files": ["t.txt"], "max_tokens": 8)");
  ASSERT_TRUE(data.ok());
  EXPECT_EQ((*data)->reports()[0].long_texts, 1);
}

TEST_F(TrainingDataTest, FingerprintChangesWithTheData) {
  Write("t.txt", "a\nb\n");
  const std::string first = (*Load(R"("loss": "simcse", "files": ["t.txt"])"))->fingerprint();
  EXPECT_EQ((*Load(R"("loss": "simcse", "files": ["t.txt"])"))->fingerprint(), first);
  Write("t.txt", "a\nc\n");
  EXPECT_NE((*Load(R"("loss": "simcse", "files": ["t.txt"])"))->fingerprint(), first);
}

}  // namespace
}  // namespace senvec
