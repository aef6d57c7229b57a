#include "train/data/step_plan.h"

#include <map>
#include <set>

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "tests/support/temp_dir.h"
#include "train/data/counter_random.h"
#include "train/data/test_tokenizer.h"

namespace senvec {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;

class StepPlanTest : public testing::Test {
 protected:
  // `count` rows "w… TAB x… TAB label" with 1 to 9 words in the first text.
  void WritePairs(const std::string& name, int count) {
    std::string lines;
    for (int i = 0; i < count; ++i) {
      std::string text = absl::StrCat("a", i);
      for (int w = 0; w < i * 7 % 9; ++w) absl::StrAppend(&text, " b");
      absl::StrAppend(&lines, text, "\tc", i, "\t", i % 2, "\n");
    }
    ASSERT_TRUE(WriteFileAtomically(folder_ / name, lines).ok());
  }
  void Write(const std::string& name, const std::string& contents) {
    ASSERT_TRUE(WriteFileAtomically(folder_ / name, contents).ok());
  }
  void Make(const std::string& head, const std::string& tasks) {
    const auto config = TrainConfig::FromJson(
        absl::StrCat(R"({"output": "o", "model": {"from": "m", "prompt": ")", prompt_, "\"}, ", head, ", \"tasks\": [", tasks, "]}"), "run.json", folder_.path(), {});
    ASSERT_TRUE(config.ok()) << config.status();
    config_ = *config;
    auto data = TrainingData::Load(config_, *tokenizer_, pool_);
    ASSERT_TRUE(data.ok()) << data.status();
    data_ = *std::move(data);
    auto plan = StepPlan::Create(config_, *data_);
    ASSERT_TRUE(plan.ok()) << plan.status();
    plan_ = *std::move(plan);
  }
  std::vector<std::string> Tokens(const Batch& batch, const std::vector<int32_t>& ids) const {
    std::vector<std::string> tokens;
    for (const int32_t id : ids) tokens.push_back(id < 0 ? "-" : tokenizer_->IdToToken(id));
    return tokens;
  }

  TempDir folder_;
  ThreadPool pool_{2};
  TrainConfig config_;
  std::string prompt_;
  std::unique_ptr<const Tokenizer> tokenizer_ = TokenizerOf({"a b c d e f g h"});
  std::unique_ptr<const TrainingData> data_;
  std::unique_ptr<StepPlan> plan_;
};

TEST_F(StepPlanTest, EachEpochHasEveryRowOnce) {
  WritePairs("p.tsv", 96);
  Make(R"("steps": 24, "bucket_batches": 4)", R"({"name": "p", "loss": "cosent", "files": ["p.tsv"], "batch_size": 8})");
  std::vector<std::vector<int64_t>> epochs(2);
  for (int64_t step = 0; step < 24; ++step) {
    const std::vector<Batch> batches = plan_->Step(step);
    ASSERT_EQ(batches.size(), 1u);
    EXPECT_EQ(batches[0].num_rows(), 8);
    epochs[step / 12].insert(epochs[step / 12].end(), batches[0].rows.begin(), batches[0].rows.end());
  }
  EXPECT_NE(epochs[0], epochs[1]);
  for (const auto& rows : epochs) EXPECT_EQ(std::set<int64_t>(rows.begin(), rows.end()).size(), 96u);
  EXPECT_EQ(plan_->Epochs(0), 2);
}

TEST_F(StepPlanTest, AStepNeedsNoneBeforeIt) {
  WritePairs("p.tsv", 50);
  WritePairs("q.tsv", 30);
  const std::string head = R"("steps": 60, "accumulation": 2)";
  const std::string tasks = R"({"name": "p", "loss": "cosent", "files": ["p.tsv"], "batch_size": 8, "max_batch_tokens": 60},
                               {"name": "q", "loss": "sbert", "files": ["q.tsv"], "batch_size": 4})";
  Make(head, tasks);
  std::vector<std::vector<Batch>> all;
  for (int64_t step = 0; step < 60; ++step) all.push_back(plan_->Step(step));
  for (const int64_t step : {59, 0, 31, 30, 7}) {
    Make(head, tasks);
    const std::vector<Batch> again = plan_->Step(step);
    ASSERT_EQ(again.size(), 2u);
    for (size_t b = 0; b < again.size(); ++b) {
      EXPECT_EQ(again[b].rows, all[step][b].rows);
      EXPECT_EQ(again[b].ids, all[step][b].ids);
      EXPECT_EQ(again[b].seed, all[step][b].seed);
    }
    EXPECT_THAT(plan_->TasksOf(step), ElementsAre(again[0].task, again[1].task));
  }
}

TEST_F(StepPlanTest, MoreStepsDoNotChangeThoseBefore) {
  WritePairs("p.tsv", 40);
  WritePairs("q.tsv", 40);
  const std::string tasks = R"({"name": "p", "loss": "cosent", "files": ["p.tsv"]}, {"name": "q", "loss": "cosent", "files": ["q.tsv"]})";
  Make(R"("steps": 10)", tasks);
  const std::vector<Batch> before = plan_->Step(9);
  Make(R"("steps": 1000)", tasks);
  EXPECT_EQ(plan_->Step(9)[0].ids, before[0].ids);
}

TEST_F(StepPlanTest, SeedChangesTheRows) {
  WritePairs("p.tsv", 40);
  const std::string tasks = R"({"name": "p", "loss": "cosent", "files": ["p.tsv"], "batch_size": 8})";
  Make(R"("steps": 5, "seed": 1)", tasks);
  const std::vector<Batch> first = plan_->Step(0);
  Make(R"("steps": 5, "seed": 2)", tasks);
  EXPECT_NE(plan_->Step(0)[0].rows, first[0].rows);
}

TEST_F(StepPlanTest, DrawsTasksByWeightAndSize) {
  WritePairs("small.tsv", 20);
  WritePairs("large.tsv", 80);
  const auto share = [&](const std::string& head, const std::string& weight) {
    Make(absl::StrCat("\"steps\": 4000", head),
         absl::StrCat(R"({"name": "s", "loss": "cosent", "files": ["small.tsv"], "weight": )", weight, R"(},
                         {"name": "l", "loss": "cosent", "files": ["large.tsv"]})"));
    double small = 0;
    for (int64_t step = 0; step < 4000; ++step) small += plan_->TasksOf(step)[0] == 0;
    return small / 4000;
  };
  EXPECT_NEAR(share("", "1"), 0.2, 0.03);
  EXPECT_NEAR(share("", "4"), 0.5, 0.03);
  EXPECT_NEAR(share(", \"temperature\": 2", "1"), 1.0 / 3, 0.03);
  EXPECT_NEAR(share(", \"temperature\": 1e6", "1"), 0.5, 0.03);
}

TEST_F(StepPlanTest, EveryStepHasItsTasks) {
  WritePairs("p.tsv", 20);
  Write("t.txt", "a\nb\nc\nd\n");
  Make(R"("steps": 6, "accumulation": 2)", R"({"name": "p", "loss": "cosent", "files": ["p.tsv"]},
       {"name": "t", "loss": "simcse", "files": ["t.txt"], "batch_size": 2, "every_step": true})");
  for (int64_t step = 0; step < 6; ++step) EXPECT_THAT(plan_->TasksOf(step), ElementsAre(0, 1, 0, 1));
  std::set<int64_t> seen;
  for (const Batch& batch : plan_->Step(3)) {
    if (batch.task == 1) seen.insert(batch.rows.begin(), batch.rows.end());
  }
  EXPECT_EQ(seen.size(), 4u);
}

TEST_F(StepPlanTest, BatchesAreOfLikeLengthAndWithinTheTokens) {
  WritePairs("p.tsv", 400);
  Make(R"("steps": 50)", R"({"name": "p", "loss": "cosent", "files": ["p.tsv"], "batch_size": 32, "max_batch_tokens": 300})");
  int64_t tokens = 0, padded = 0;
  std::set<int64_t> rows;
  for (int64_t step = 0; step < 20; ++step) {
    const Batch batch = plan_->Step(step)[0];
    const int64_t longest = *std::max_element(batch.lengths.begin(), batch.lengths.end());
    EXPECT_LE(longest * batch.num_sequences(), 300);
    padded += longest * batch.num_sequences();
    tokens += static_cast<int64_t>(batch.ids.size());
    for (const int64_t row : batch.rows) EXPECT_TRUE(rows.insert(row).second);
  }
  // Second texts are short, so that even a perfect order leaves padding.
  EXPECT_LT(static_cast<double>(padded) / static_cast<double>(tokens), 1.6);
}

TEST_F(StepPlanTest, PutsSequencesTogether) {
  Write("p.tsv", "a b\tc\t1\n");
  Write("t.tsv", "a\tb c\td\n");
  Write("x.tsv", "a b c d e f\tg h\t0\na\tb\t1\n");
  Make(R"("steps": 1)", R"({"name": "p", "loss": "contrastive", "rows": "triples", "files": ["t.tsv"], "batch_size": 2})");
  const Batch triples = plan_->Step(0)[0];
  EXPECT_THAT(triples.lengths, ElementsAre(3, 4, 3));
  EXPECT_EQ(triples.sequences_per_row, 3);
  EXPECT_THAT(Tokens(triples, triples.ids), ElementsAre("[CLS]", "a", "[SEP]", "[CLS]", "b", "c", "[SEP]", "[CLS]", "d", "[SEP]"));
  EXPECT_THAT(triples.texts, ElementsAre(0, 1, 2));
  EXPECT_EQ(triples.hashes[1], data_->texts().hash(1));

  Make(R"("steps": 1)", R"({"name": "p", "loss": "cross_entropy", "files": ["x.tsv"], "batch_size": 2, "max_tokens": 8})");
  const Batch joint = plan_->Step(0)[0];
  EXPECT_EQ(joint.sequences_per_row, 1);
  const size_t longest = joint.lengths[0] == 5 ? 5 : 0;
  const std::vector<int32_t> cut(joint.ids.begin() + longest, joint.ids.begin() + longest + 8);
  EXPECT_THAT(cut, ElementsAreArray(tokenizer_->EncodePair("a b c d e f", "g h", {.max_tokens = 8}).ids));
  EXPECT_THAT(std::vector<int32_t>(joint.type_ids.begin() + longest, joint.type_ids.begin() + longest + 8), ElementsAre(0, 0, 0, 0, 0, 1, 1, 1));
}

TEST_F(StepPlanTest, SimCseHasEachTextTwice) {
  Write("t.txt", "a b\nc\n");
  Make(R"("steps": 1)", R"({"name": "t", "loss": "simcse", "files": ["t.txt"], "batch_size": 2})");
  const Batch batch = plan_->Step(0)[0];
  EXPECT_EQ(batch.num_sequences(), 4);
  EXPECT_EQ(batch.texts[0], batch.texts[1]);
  EXPECT_EQ(batch.hashes[2], batch.hashes[3]);
}

TEST_F(StepPlanTest, Seq2SeqSaysTheSecondText) {
  Write("p.tsv", "a b\tc d\n");
  Make(R"("steps": 1)", R"({"name": "p", "loss": "seq2seq", "files": ["p.tsv"], "batch_size": 1})");
  const Batch batch = plan_->Step(0)[0];
  EXPECT_THAT(Tokens(batch, batch.ids), ElementsAre("[CLS]", "a", "b", "[SEP]", "c", "d", "[SEP]"));
  EXPECT_THAT(Tokens(batch, batch.targets), ElementsAre("-", "-", "-", "c", "d", "[SEP]", "-"));
  EXPECT_THAT(batch.type_ids, ElementsAre(0, 0, 0, 0, 1, 1, 1));
  Make(R"("steps": 1)", R"({"name": "p", "loss": "seq2seq", "files": ["p.tsv"], "batch_size": 1, "options": {"mask_rows": 1, "mask_share": 0.9}})");
  const Batch masked = plan_->Step(0)[0];
  EXPECT_THAT(Tokens(masked, masked.ids), testing::Contains("[MASK]"));
  EXPECT_EQ(masked.targets, batch.targets);
}

TEST_F(StepPlanTest, MlmMasksTheShareAskedFor) {
  std::string lines;
  for (int i = 0; i < 400; ++i) lines += "a b c d e f g h a b c d e f g h a b c d\n";
  Write("t.txt", lines);
  Make(R"("steps": 1)", R"({"name": "t", "loss": "mlm", "files": ["t.txt"], "batch_size": 400})");
  const Batch batch = plan_->Step(0)[0];
  double chosen = 0, masked = 0, kept = 0;
  for (size_t i = 0; i < batch.ids.size(); ++i) {
    if (batch.targets[i] < 0) continue;
    ++chosen;
    masked += batch.ids[i] == data_->mask_id();
    kept += batch.ids[i] == batch.targets[i];
    EXPECT_GE(batch.targets[i], 5);  // no special token
  }
  EXPECT_NEAR(chosen / (400 * 20), 0.15, 0.015);
  EXPECT_NEAR(masked / chosen, 0.8, 0.05);
  EXPECT_NEAR(kept / chosen, 0.1, 0.04);
}

TEST_F(StepPlanTest, MlmAlwaysHasATarget) {
  Write("t.txt", "a\n");
  Make(R"("steps": 40)", R"({"name": "t", "loss": "mlm", "files": ["t.txt"], "batch_size": 1, "options": {"mask_share": 0}})");
  for (int64_t step = 0; step < 40; ++step) EXPECT_EQ(Tokens({}, plan_->Step(step)[0].targets)[1], "a");
}

TEST_F(StepPlanTest, PromptStandsBeforeEveryText) {
  Write("t.txt", "a\nb\n");
  prompt_ = "h g ";
  Make(R"("steps": 1)", R"({"name": "t", "loss": "simcse", "files": ["t.txt"], "batch_size": 2})");
  const Batch batch = plan_->Step(0)[0];
  EXPECT_EQ(Tokens(batch, batch.ids)[1], "h");
  EXPECT_EQ(batch.lengths[0], 5);
}

TEST_F(StepPlanTest, ManyThreadsGetTheSameBatches) {
  WritePairs("p.tsv", 100);
  Make(R"("steps": 100)", R"({"name": "p", "loss": "cosent", "files": ["p.tsv"], "batch_size": 8})");
  std::vector<std::vector<int64_t>> rows(100);
  pool_.ParallelFor(100, [&](size_t step) { rows[step] = plan_->Step(static_cast<int64_t>(99 - step))[0].rows; });
  for (int64_t step = 0; step < 100; ++step) EXPECT_EQ(rows[99 - step], plan_->Step(step)[0].rows);
}

TEST(CounterRandomTest, IsUniformAndItsStreamsDiffer) {
  const CounterRandom random(1, 2, 3);
  std::map<uint64_t, int> counts;
  double sum = 0;
  for (uint64_t i = 0; i < 100000; ++i) {
    sum += random.UniformAt(i);
    ++counts[random.BelowAt(i + 1000000, 10)];
  }
  EXPECT_NEAR(sum / 100000, 0.5, 0.005);
  for (const auto& [value, count] : counts) EXPECT_NEAR(count, 10000, 500) << value;
  EXPECT_EQ(counts.size(), 10u);
  EXPECT_NE(random.At(0), CounterRandom(1, 2, 4).At(0));
  EXPECT_NE(random.At(0), CounterRandom(1, 3, 3).At(0));
  EXPECT_NE(random.At(0), CounterRandom(2, 2, 3).At(0));
  EXPECT_EQ(random.At(7), CounterRandom(1, 2, 3).At(7));
}

TEST(CounterRandomTest, PermutationHasEveryNumberAndNoPreferredPlace) {
  std::vector<int> first(5, 0);
  for (uint64_t i = 0; i < 5000; ++i) {
    std::vector<uint32_t> order = Permutation(5, CounterRandom(1, 1, i));
    ++first[order[0]];
    std::sort(order.begin(), order.end());
    ASSERT_THAT(order, ElementsAre(0, 1, 2, 3, 4));
  }
  for (const int count : first) EXPECT_NEAR(count, 1000, 120);
}

}  // namespace
}  // namespace senvec
