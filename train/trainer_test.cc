#include "train/trainer.h"

#include <sys/resource.h>

#include <gmock/gmock.h>

#include <csignal>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/thread_pool.h"
#include "encoder/sentence_encoder.h"
#include "encoder/weights/weight_source.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"
#include "train/data/train_log.h"

namespace senvec {
namespace {

using testing::HasSubstr;

class TrainerTest : public testing::Test {
 protected:
  void SetUp() override {
    MakeTinyModel(dir_ / "model");
    std::string pairs, texts;
    const char* const words[] = {"reset", "how", "do", "i", "my", "password", "parcel", "where", "is", "a", "b", "c"};
    for (int i = 0; i < 60; ++i) {
      const std::string a = std::string(words[i % 12]) + " " + words[(i / 3) % 12];
      const std::string b = std::string(words[(i * 5) % 12]) + " " + words[(i / 5) % 12] + " ?";
      pairs += a + "\t" + b + "\t" + std::to_string(i % 4) + "\n";
      texts += a + " " + words[(i * 7) % 12] + "\n";
    }
    ASSERT_TRUE(WriteFileAtomically(dir_ / "pairs.tsv", pairs).ok());
    ASSERT_TRUE(WriteFileAtomically(dir_ / "texts.txt", texts).ok());
  }

  // Two tasks, one with a teacher; `more` are further keys.
  TrainConfig Config(const std::string& output, const std::string& more = "") {
    const std::string json = R"({"output":")" + output + R"(","steps":9,"seed":5,"threads":1,"log_every":2,
      "dev_every":3,"checkpoint_every":4,"model":{"from":"model","dropout":0.1},
      "optimizer":{"learning_rate":0.01,"ema":0.9,"child_tuning":"free"},
      "tasks":[{"name":"pairs","loss":"cosent","files":["pairs.tsv"],"batch_size":8,"max_tokens":16},
               {"name":"texts","loss":"distill","files":["texts.txt"],"batch_size":8,"max_tokens":16,
                "teacher":"model"}],
      "dev":[{"name":"d","file":"pairs.tsv"}])" + more + "}";
    const auto config = TrainConfig::FromJson(json, "recipe.json", dir_.path(), {});
    SENVEC_CHECK(config.ok());
    return *config;
  }
  std::string Weights(const std::string& output) { return *ReadFile(dir_ / (output + "/model.safetensors")); }
  std::string Checkpoint(const std::string& output) { return *ReadFile(dir_ / (output + "/checkpoint.safetensors")); }

  TempDir dir_;
};

TEST_F(TrainerTest, WritesADirectoryThatTheCpuEngineServes) {
  const absl::Status status = Train(Config("out"), {.quiet = true});
  ASSERT_TRUE(status.ok()) << status;
  ThreadPool pool(1);
  const auto encoder = SentenceEncoder::Load(dir_ / "out", {}, &pool);
  ASSERT_TRUE(encoder.ok()) << encoder.status();
  EXPECT_EQ((*encoder)->info().dim, 24);
  EXPECT_TRUE(FileExists(dir_ / "out/README.md"));
  const auto log = ReadTrainLog(dir_ / "out/train_log.jsonl");
  ASSERT_TRUE(log.ok()) << log.status();
  int evaluations = 0;
  for (const TrainLogLine& line : *log) evaluations += line.dev.empty() ? 0 : 1;
  EXPECT_EQ(evaluations, 3);
}

TEST_F(TrainerTest, ARunThatIsStoppedAfterEveryStepEndsWithTheSameWeights) {
  ASSERT_TRUE(Train(Config("whole"), {.quiet = true}).ok());
  const std::atomic<bool> stop = true;
  int stops = 0;
  while (true) {
    const absl::Status status = Train(Config("parts"), {.quiet = true, .stop = &stop});
    if (status.ok()) break;
    ASSERT_EQ(status.code(), absl::StatusCode::kCancelled) << status;
    ++stops;
  }
  EXPECT_EQ(stops, 8);
  EXPECT_EQ(Weights("whole"), Weights("parts"));
}

TEST_F(TrainerTest, AFinishedRunThatIsStartedAgainDoesNothing) {
  ASSERT_TRUE(Train(Config("out"), {.quiet = true}).ok());
  const std::string before = Checkpoint("out");
  ASSERT_TRUE(Train(Config("out"), {.quiet = true}).ok());
  EXPECT_EQ(before, Checkpoint("out"));
}

TEST_F(TrainerTest, ACheckpointOfOtherSettingsIsRefused) {
  ASSERT_TRUE(Train(Config("out"), {.quiet = true}).ok());
  TrainConfig other = Config("out");
  other.optimizer.learning_rate = 0.02;
  const absl::Status status = Train(other, {.quiet = true});
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("other settings"));
}

TEST_F(TrainerTest, ALossThatIsNoNumberStopsTheRunAndNamesTheBatch) {
  TrainConfig config = Config("out");
  config.optimizer.learning_rate = 1e30;
  config.optimizer.clip_norm = 0;
  config.checkpoint_every = 1;
  const absl::Status status = Train(config, {.quiet = true});
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal) << status;
  EXPECT_THAT(status.message(), HasSubstr("task \""));
  EXPECT_THAT(std::string(status.message()), testing::ContainsRegex("(pairs.tsv|texts.txt):[0-9]+"));
  EXPECT_TRUE(FileExists(dir_ / "out/checkpoint.safetensors"));
}

TEST_F(TrainerTest, ALossThatIsNoNumberSaysWhichCheckpointThereIs) {
  TrainConfig config = Config("out");
  config.optimizer.learning_rate = 1e30;
  config.optimizer.clip_norm = 0;
  config.checkpoint_every = 1000;
  EXPECT_THAT(Train(config, {.quiet = true}).message(), HasSubstr("there is no checkpoint yet"));
  // A run that is stopped saves where it is.
  const std::atomic<bool> stop = true;
  ASSERT_EQ(Train(config, {.quiet = true, .stop = &stop}).code(), absl::StatusCode::kCancelled);
  EXPECT_THAT(Train(config, {.quiet = true}).message(), HasSubstr("the checkpoint of step 1 stays"));
}

TEST_F(TrainerTest, ADevSetWithoutPairsIsNamed) {
  ASSERT_TRUE(WriteFileAtomically(dir_ / "empty.tsv", "").ok());
  TrainConfig config = Config("out");
  config.dev[0].file = dir_ / "empty.tsv";
  const absl::Status status = Train(config, {.quiet = true});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_THAT(status.message(), HasSubstr("empty.tsv"));
}

TEST_F(TrainerTest, WhenTheDiskIsFullTheOldCheckpointStays) {
  TrainConfig config = Config("out");
  config.dev.clear();
  config.checkpoint_every = 1;
  const std::atomic<bool> stop = true;
  ASSERT_EQ(Train(config, {.quiet = true, .stop = &stop}).code(), absl::StatusCode::kCancelled);
  const std::string before = Checkpoint("out");
  // Files may not grow beyond a part of a checkpoint: writes fail as on a full disk.
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
  const rlimit small{.rlim_cur = before.size() / 2, .rlim_max = old.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const absl::Status status = Train(config, {.quiet = true});
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(status.message(), HasSubstr("the one before it stays"));
  EXPECT_EQ(before, Checkpoint("out"));
}

TEST_F(TrainerTest, ChildTuningByTaskLeavesTheOtherValuesAsTheyWere) {
  TrainConfig config = Config("out");
  config.optimizer.child_tuning = ChildTuning::kTask;
  config.optimizer.child_share = 0.2;
  config.optimizer.weight_decay = 0;
  config.optimizer.ema = 0;
  config.dev.clear();
  ASSERT_TRUE(Train(config, {.quiet = true}).ok());
  const auto before = *WeightSource::OpenDirectory(dir_ / "model"), after = *WeightSource::OpenDirectory(dir_ / "out");
  int64_t changed = 0, total = 0;
  for (const std::string& name : after->Names()) {
    const TensorView *a = before->Find(name), *b = after->Find(name);
    if (a == nullptr) a = before->Find("bert." + name);
    ASSERT_NE(a, nullptr) << name;
    std::vector<float> old_values(static_cast<size_t>(a->num_elements())), new_values(old_values.size());
    ASSERT_TRUE(ToFloat(*a, absl::MakeSpan(old_values)).ok());
    ASSERT_TRUE(ToFloat(*b, absl::MakeSpan(new_values)).ok());
    for (size_t i = 0; i < old_values.size(); ++i) changed += old_values[i] != new_values[i] ? 1 : 0;
    total += a->num_elements();
  }
  EXPECT_GT(changed, total / 20);
  EXPECT_LE(changed, total / 4);
}

class CrossEncoderTest : public TrainerTest {
 protected:
  // A cross-encoder that goes on from `from`.
  TrainConfig CrossConfig(const std::string& from, const std::string& output, const std::string& loss) {
    const auto config = TrainConfig::FromJson(
        R"({"output":")" + output + R"(","steps":3,"threads":1,"model":{"from":")" + from +
            R"("},"optimizer":{"learning_rate":0.01},"tasks":[{"name":"cross","loss":")" + loss +
            R"(","files":["pairs.tsv"],"batch_size":8,"max_tokens":16}]})",
        "recipe.json", dir_.path(), {});
    SENVEC_CHECK(config.ok());
    return *config;
  }
  static std::vector<float> Values(const WeightSource& source, const std::string& name) {
    const TensorView* view = source.Find(name);
    SENVEC_CHECK(view != nullptr);
    std::vector<float> values(static_cast<size_t>(view->num_elements()));
    SENVEC_CHECK(ToFloat(*view, absl::MakeSpan(values)).ok());
    return values;
  }
};

TEST_F(CrossEncoderTest, TheClassifierIsSavedWithTheModel) {
  for (const auto& [loss, logits] : {std::pair{"cross_entropy", 4}, std::pair{"cross_cosent", 1}}) {
    SCOPED_TRACE(loss);
    const absl::Status status = Train(CrossConfig("model", loss, loss), {.quiet = true});
    ASSERT_TRUE(status.ok()) << status;
    const auto saved = WeightSource::OpenSafetensors(dir_ / (std::string(loss) + "/classifiers.safetensors"));
    ASSERT_TRUE(saved.ok()) << saved.status();
    const auto checkpoint = *WeightSource::OpenSafetensors(dir_ / (std::string(loss) + "/checkpoint.safetensors"));
    EXPECT_EQ((*saved)->Find("cross.weight")->shape, (std::vector<int64_t>{logits, 24}));
    for (const char* part : {"weight", "bias"}) {
      EXPECT_EQ(Values(**saved, std::string("cross.") + part),
                Values(*checkpoint, std::string("value/train.cross.classifier.") + part));
    }
    EXPECT_THAT((*saved)->Metadata("senvec_classifiers"), HasSubstr(loss));
    ThreadPool pool(1);
    const auto encoder = SentenceEncoder::Load(dir_ / loss, {}, &pool);
    EXPECT_TRUE(encoder.ok()) << encoder.status();
  }
}

TEST_F(CrossEncoderTest, ARunThatGoesOnFromAModelTakesItsClassifier) {
  ASSERT_TRUE(Train(CrossConfig("model", "first", "cross_entropy"), {.quiet = true}).ok());
  TrainConfig second = CrossConfig("first", "second", "cross_entropy");
  second.optimizer.learning_rate = 1e-30;  // moves nothing
  const absl::Status status = Train(second, {.quiet = true});
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(*ReadFile(dir_ / "first/classifiers.safetensors"), *ReadFile(dir_ / "second/classifiers.safetensors"));
}

TEST_F(CrossEncoderTest, AClassifierOfOtherClassesIsRefused) {
  ASSERT_TRUE(Train(CrossConfig("model", "first", "cross_entropy"), {.quiet = true}).ok());
  const absl::Status status = Train(CrossConfig("first", "second", "cross_cosent"), {.quiet = true});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_THAT(status.message(), HasSubstr("task \"cross\""));
  EXPECT_THAT(status.message(), HasSubstr("another name"));
}

}  // namespace
}  // namespace senvec
