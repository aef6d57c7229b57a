#include "train/data/train_log.h"

#include <cmath>

#include <gmock/gmock.h>

#include "base/file.h"
#include "tests/support/temp_dir.h"
#include "train/data/model_card.h"

namespace senvec {
namespace {

using testing::HasSubstr;

TrainLogLine Losses(int64_t step) {
  return {.step = step, .loss = {{"a", 1.5}}, .learning_rate = 1e-5, .gradient_norm = 2, .sentences_per_s = 400, .seconds = 3};
}

TEST(TrainLogTest, ReadsBackWhatItWrites) {
  const TempDir folder;
  const std::string path = folder / "train_log.jsonl";
  {
    auto log = TrainLog::Open(path, 0);
    ASSERT_TRUE(log.ok()) << log.status();
    ASSERT_TRUE((*log)->Append(Losses(10)).ok());
    ASSERT_TRUE((*log)->Append({.step = 10, .seconds = 4, .dev = {{"stsb", 0.7}}, .mean = 0.7, .best = true}).ok());
  }
  const auto lines = ReadTrainLog(path);
  ASSERT_TRUE(lines.ok()) << lines.status();
  ASSERT_EQ(lines->size(), 2u);
  EXPECT_EQ((*lines)[0].loss.at("a"), 1.5);
  EXPECT_EQ((*lines)[0].learning_rate, 1e-5);
  EXPECT_EQ((*lines)[1].dev.at("stsb"), 0.7);
  EXPECT_TRUE((*lines)[1].best);
}

TEST(TrainLogTest, AResumedRunForgetsWhatIsDoneAgain) {
  const TempDir folder;
  const std::string path = folder / "train_log.jsonl";
  const std::string half = R"({"step": 30, "lo)";
  ASSERT_TRUE(WriteFileAtomically(path, FormatTrainLogLine(Losses(10)) + "\n" + FormatTrainLogLine(Losses(20)) + "\n" + half).ok());
  {
    auto log = TrainLog::Open(path, 10);
    ASSERT_TRUE(log.ok()) << log.status();
    ASSERT_TRUE((*log)->Append(Losses(15)).ok());
  }
  const auto lines = ReadTrainLog(path);
  ASSERT_TRUE(lines.ok());
  ASSERT_EQ(lines->size(), 2u);
  EXPECT_EQ((*lines)[1].step, 15);
}

TEST(TrainLogTest, LeavesOutWhatIsNotFinite) {
  const std::string line = FormatTrainLogLine({.step = 1, .dev = {{"a", std::nan("")}, {"b", 0.5}}, .mean = std::nan("")});
  const auto parsed = ParseTrainLogLine(line, "x");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->dev.size(), 1u);
}

TEST(TrainLogTest, NamesTheLineThatIsBroken) {
  const TempDir folder;
  ASSERT_TRUE(WriteFileAtomically(folder / "l", "{\"step\": 1}\n{\"loss\": {}}\n").ok());
  EXPECT_THAT(std::string(ReadTrainLog(folder / "l").status().message()), HasSubstr("l:2: \"step\" is missing"));
  EXPECT_FALSE(ParseTrainLogLine("{\"step\": 1, \"loss\": [1]}", "x").ok());
  EXPECT_FALSE(ParseTrainLogLine("{\"step\": 1, \"dev\": {\"a\": \"b\"}}", "x").ok());
  EXPECT_FALSE(ParseTrainLogLine("[]", "x").ok());
}

TEST(ModelCardTest, SaysWhatWasTrainedOnAndUnderWhichTerms) {
  TrainConfig config;
  config.steps = 100;
  config.card = {.title = "senvec-x", .summary = "Small.", .licence = "research only", .languages = {"zh"}, .limits = "Not for products."};
  config.guard.files = {"somewhere/stsb/test.tsv"};
  config.tasks = {{.name = "a|b", .files = {"somewhere/a.tsv"}, .distill_weight = 3, .licence = "none stated", .source = "x"},
                  {.name = "c", .loss = LossKind::kDistill, .files = {"c.txt"}}};
  const std::string card = FormatModelCard(config, {.architecture = "roformer", .parameters = 7, .dim = 384, .max_tokens = 64,
                                                    .command = "senvec train --config r.json", .version = "0.1.0", .best_step = 50,
                                                    .dev = {{"stsb", 0.75}}, .tasks = {{.name = "a|b", .rows = 10, .guard_hits = 2}}});
  for (const char* part : {"license_name: \"research only\"", "# senvec-x", "**Limits:** Not for products.",
                           "| a\\|b | a.tsv | 10 | cosent + 3 × distillation | none stated | x |", "| c | c.txt | 0 | distill | not stated |",
                           "2 rows left out that stand in evaluation files", "stsb/test.tsv", "senvec train --config r.json",
                           "| stsb | 0.7500 |", "step 50"}) {
    EXPECT_THAT(card, HasSubstr(part));
  }
  EXPECT_THAT(card, testing::Not(HasSubstr("somewhere")));
}

}  // namespace
}  // namespace senvec
