#include "train/data/train_config.h"

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "train/data/json_lines.h"

namespace senvec {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr char kModel[] = R"("output": "out", "steps": 100, "model": {"from": "m"})";
constexpr char kTask[] = R"({"name": "a", "loss": "cosent", "files": ["a.tsv"]})";

absl::StatusOr<TrainConfig> Read(const std::string& json) {
  return TrainConfig::FromJson(json, "run.json", "folder", {{"DATA", "/data"}});
}

std::string ErrorOf(const std::string& json) {
  const auto config = Read(json);
  EXPECT_FALSE(config.ok()) << json;
  return std::string(config.status().message());
}

// A configuration with one task, into which `more` is put.
std::string WithTask(const std::string& more) {
  return absl::StrCat("{", kModel, ",\n\"tasks\": [{\"name\": \"a\", \"files\": [\"a.tsv\"], ", more, "}]}");
}

TEST(TrainConfigTest, ReadsAllAndResolvesPaths) {
  const auto config = Read(R"({
    "output": "out", "seed": 7, "steps": 100, "precision": "bf16", "accumulation": 2, "chunk_rows": 64, "temperature": 2,
    "model": {"config": "c.json", "tokenizer": "${DATA}/vocab", "pooling": "mean", "dense": 384, "deepnorm": true},
    "optimizer": {"learning_rate": 1e-3, "warmup_steps": 10, "schedule": "cosine", "ema": 0.99, "child_tuning": "free"},
    "tasks": [
      {"name": "nli", "loss": "cosent", "files": ["${DATA}/nli.tsv"], "labels": {"entailment": 1, "contradiction": 0},
       "columns": ["label", "skip", "text_a", "text_b"], "batch_size": 96, "teacher": "t", "distill_weight": 3},
      {"name": "q", "loss": "contrastive", "rows": "triples", "files": ["q.jsonl"], "options": {"scale": 25},
       "columns": {"text_a": "query", "text_b": "pos", "negative": "neg"}},
      {"name": "d", "loss": "distill", "files": ["d.txt"], "teacher": "t", "every_step": true}],
    "dev": [{"name": "stsb", "file": "dev.tsv", "limit": 100}],
    "guard": {"files": ["test.tsv"], "on_hit": "drop"}, "card": {"languages": ["zh"]}})");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->output, "folder/out");
  EXPECT_EQ(config->model.tokenizer, "/data/vocab");
  EXPECT_EQ(config->tasks[0].files[0], "/data/nli.tsv");
  EXPECT_EQ(config->tasks[0].teacher, "folder/t");
  EXPECT_EQ(config->tasks[0].guard, GuardLevel::kPairs);
  EXPECT_EQ(config->tasks[0].columns[3], "text_b");
  EXPECT_EQ(config->tasks[1].keys.at("negative"), "neg");
  EXPECT_EQ(config->tasks[1].options.scale, 25);
  EXPECT_EQ(config->tasks[2].rows, RowKind::kTexts);
  EXPECT_EQ(config->tasks[2].guard, GuardLevel::kSentences);
  EXPECT_EQ(config->optimizer.schedule, LearningRateSchedule::kCosine);
  EXPECT_EQ(config->guard.on_hit, OnHit::kDrop);
  EXPECT_EQ(config->dev[0].limit, 100);
}

TEST(TrainConfigTest, DefaultsFollowTheLoss) {
  const auto config = Read(WithTask(R"("loss": "amsoftmax")"));
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->tasks[0].options.scale, 30);
  EXPECT_EQ(config->tasks[0].rows, RowKind::kLabelled);
  EXPECT_THAT(config->tasks[0].columns, testing::ElementsAre("text", "label"));
}

TEST(TrainConfigTest, NamesFileLineKeyAndTheNearestWord) {
  EXPECT_THAT(ErrorOf(absl::StrCat("{", kModel, ",\n\n\"tusks\": []}")),
              AllOf(HasSubstr("run.json:3: \"tusks\" is not known"), HasSubstr("did you mean \"tasks\"?"), HasSubstr("checkpoint_every")));
  EXPECT_THAT(ErrorOf(WithTask("\"loss\": \"cosent\",\n \"bach_size\": 3")),
              AllOf(HasSubstr("run.json:3: \"tasks[0].bach_size\""), HasSubstr("\"batch_size\"")));
  EXPECT_THAT(ErrorOf(WithTask(R"("loss": "cosnet")")),
              AllOf(HasSubstr("run.json:2: \"tasks[0].loss\" is \"cosnet\""), HasSubstr("did you mean \"cosent\"?"), HasSubstr("flatnce")));
}

TEST(TrainConfigTest, RefusesWrongTypesAndRanges) {
  EXPECT_THAT(ErrorOf(WithTask(R"("loss": "cosent", "batch_size": 0)")), HasSubstr("is 0; it must be a whole number in [1, 1048576]"));
  EXPECT_THAT(ErrorOf(WithTask(R"("loss": "cosent", "batch_size": 2.5)")), HasSubstr("whole number"));
  EXPECT_THAT(ErrorOf(WithTask(R"("loss": "cosent", "batch_size": 18446744073709551615)")), HasSubstr("whole number"));
  EXPECT_THAT(ErrorOf(WithTask(R"("loss": "cosent", "weight": "x")")), HasSubstr("a number in"));
  EXPECT_THAT(ErrorOf(WithTask(R"("loss": "cosent", "every_step": 1)")), HasSubstr("true or false"));
  EXPECT_THAT(ErrorOf(WithTask(R"("loss": "cosent", "labels": {"a": "b"})")), HasSubstr("an object of numbers"));
  EXPECT_THAT(ErrorOf(WithTask(R"("loss": "cosent", "options": [])")), HasSubstr("must be an object, got array"));
  EXPECT_THAT(ErrorOf(R"({"tasks": {}})"), HasSubstr("\"tasks\" is {}; it must be an array of objects"));
  EXPECT_THAT(ErrorOf("[]"), HasSubstr("must be an object"));
  EXPECT_THAT(ErrorOf("{"), HasSubstr("run.json"));
}

TEST(TrainConfigTest, RefusesWhatIsMissing) {
  EXPECT_THAT(ErrorOf(absl::StrCat("{\"steps\": 1, \"model\": {\"from\": \"m\"}, \"tasks\": [", kTask, "]}")), HasSubstr("\"output\" is missing"));
  EXPECT_THAT(ErrorOf(absl::StrCat("{\"output\": \"o\", \"model\": {\"from\": \"m\"}, \"tasks\": [", kTask, "]}")), HasSubstr("\"steps\" is missing"));
  EXPECT_THAT(ErrorOf(absl::StrCat("{\"output\": \"o\", \"steps\": 1, \"tasks\": [", kTask, "]}")), HasSubstr("\"model\" is missing"));
  EXPECT_THAT(ErrorOf(absl::StrCat("{", kModel, "}")), HasSubstr("\"tasks\" must have at least one"));
  EXPECT_THAT(ErrorOf(absl::StrCat("{\"output\": \"o\", \"steps\": 1, \"model\": {\"config\": \"c\"}, \"tasks\": [", kTask, "]}")),
              HasSubstr("needs \"from\""));
  EXPECT_THAT(ErrorOf(WithTask(R"("batch_size": 3)")), HasSubstr("\"tasks[0].loss\" is missing"));
}

TEST(TrainConfigTest, RefusesWhatDoesNotFitTogether) {
  const std::pair<const char*, const char*> cases[] = {
      {R"("loss": "cosent", "rows": "triples")", "cosent reads pairs"},
      {R"("loss": "contrastive", "batch_size": 1)", "needs at least 2"},
      {R"("loss": "distill")", "\"tasks[0].teacher\" must name"},
      {R"("loss": "cosent", "teacher": "t")", "of no use"},
      {R"("loss": "mlm", "teacher": "t", "distill_weight": 1)", "has no place beside mlm"},
      {R"("loss": "contrastive", "labels": {"a": 1})", "a row of positives has none"},
      {R"("loss": "cosent", "columns": ["text_a", "text_b"])", "lacks \"label\""},
      {R"("loss": "cosent", "columns": ["text_a", "text_b", "text_b", "label"])", "\"text_b\" twice"},
      {R"("loss": "cosent", "columns": ["text_a", "text_b", "score"])", "names \"score\""},
      {R"("loss": "cosent", "columns": {"text_a": "a", "text_b": "b", "label": "c"})", "not all files end in .jsonl"},
      {R"("loss": "cosent", "files": [])", "stands here a second time"},
  };
  for (const auto& [task, message] : cases) EXPECT_THAT(ErrorOf(WithTask(task)), HasSubstr(message));
  EXPECT_THAT(ErrorOf(absl::StrCat("{", kModel, ", \"tasks\": [", kTask, ",", kTask, "]}")), HasSubstr("the name \"a\" twice"));
  EXPECT_THAT(ErrorOf(absl::StrCat("{", kModel, ", \"optimizer\": {\"warmup_steps\": 101}, \"tasks\": [", kTask, "]}")),
              HasSubstr("warmup_steps 101 above the 100 steps"));
}

TEST(TrainConfigTest, RefusesAVariableThatIsNotSet) {
  EXPECT_THAT(ErrorOf(R"({"output": "${OUT}/x"})"), AllOf(HasSubstr("${OUT}"), HasSubstr("the environment has no OUT")));
}

TEST(JsonLinesTest, FindsEachValueAndKeysThatStandTwice) {
  const auto lines = JsonValueLines("{\"a\":\n [1,\n {\"b\\\"}\": \"]\",\n\"c\": 2}],\n\"a.b\": {}, \"d\": {\"e\": -1e3}}", "f");
  ASSERT_TRUE(lines.ok());
  EXPECT_EQ(lines->at("a"), 2);
  EXPECT_EQ(lines->at("a[1]"), 3);
  EXPECT_EQ(lines->at("a[1].b\"}"), 3);
  EXPECT_EQ(lines->at("a[1].c"), 4);
  EXPECT_EQ(lines->at("d.e"), 5);
  EXPECT_EQ(JsonValueLines("{\"a\": 1,\n\"b\": {\"a\": 2},\n\"a\": 3}", "f").status().message(),
            "f:3: \"a\" stands here a second time; the first is on line 1");
}

TEST(LearningRateTest, WarmsUpAndDecays) {
  OptimizerConfig config = {.learning_rate = 1, .warmup_steps = 10, .schedule = LearningRateSchedule::kLinear};
  EXPECT_DOUBLE_EQ(LearningRateAt(config, 0, 110), 0.1);
  EXPECT_DOUBLE_EQ(LearningRateAt(config, 9, 110), 1);
  EXPECT_DOUBLE_EQ(LearningRateAt(config, 10, 110), 1);
  EXPECT_DOUBLE_EQ(LearningRateAt(config, 60, 110), 0.5);
  config.schedule = LearningRateSchedule::kCosine;
  config.lowest_share = 0.1;
  EXPECT_DOUBLE_EQ(LearningRateAt(config, 60, 110), 0.1 + 0.9 * 0.5);
  EXPECT_DOUBLE_EQ(LearningRateAt(config, 110, 110), 0.1);
  config.schedule = LearningRateSchedule::kConstant;
  EXPECT_DOUBLE_EQ(LearningRateAt(config, 109, 110), 1);
}

TEST(RunFingerprintTest, ChangesWithWhatDecidesTheWeightsOnly) {
  const auto base = Read(absl::StrCat("{", kModel, ", \"tasks\": [", kTask, "]}"));
  ASSERT_TRUE(base.ok());
  TrainConfig other = *base;
  other.threads = 3;
  other.output = "elsewhere";
  other.tasks[0].licence = "x";
  EXPECT_EQ(RunFingerprint(*base), RunFingerprint(other));
  other.tasks[0].options.scale = 21;
  EXPECT_NE(RunFingerprint(*base), RunFingerprint(other));
}

}  // namespace
}  // namespace senvec
