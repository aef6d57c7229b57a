// Measures of yes-or-no decisions against scikit-learn and sentence-transformers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "base/json.h"
#include "eval/measures/average_precision.h"
#include "eval/measures/threshold.h"

namespace senvec {
namespace {

using ::testing::HasSubstr;

constexpr double kClose = 1e-9;

struct Case {
  std::vector<double> scores;
  std::vector<uint8_t> labels;
  nlohmann::json expected;
};

std::vector<Case> Cases() {
  const auto file = ReadJsonFile(SENVEC_TESTDATA "/binary.json");
  if (!file.ok()) return {};
  std::vector<Case> cases;
  for (const auto& c : (*file)["cases"]) {
    cases.push_back({c["scores"], c["labels"], c});
  }
  return cases;
}

double Tuned(const Case& c, ThresholdGoal goal) {
  const auto tuned = TuneThreshold(c.scores, c.labels, {.goal = goal});
  EXPECT_TRUE(tuned.ok()) << tuned.status();
  // What it promises is what it does.
  const auto decided = Decide(c.scores, c.labels, tuned->threshold);
  EXPECT_EQ(WorthOf(*decided, goal), WorthOf(tuned->confusion, goal));
  return WorthOf(tuned->confusion, goal);
}

TEST(BinaryTest, BestAccuracyF1AndMccEqualEveryCutTriedWithScikitLearn) {
  ASSERT_GE(Cases().size(), 15u);
  for (const Case& c : Cases()) {
    SCOPED_TRACE(c.expected["name"].get<std::string>());
    EXPECT_NEAR(Tuned(c, ThresholdGoal::kAccuracy), c.expected["accuracy"].get<double>(), kClose);
    EXPECT_NEAR(Tuned(c, ThresholdGoal::kF1), c.expected["f1"].get<double>(), kClose);
    EXPECT_NEAR(Tuned(c, ThresholdGoal::kMcc), c.expected["mcc"].get<double>(), kClose);
  }
}

TEST(BinaryTest, RecallAtAWantedPrecisionEqualsScikitLearn) {
  for (const Case& c : Cases()) {
    SCOPED_TRACE(c.expected["name"].get<std::string>());
    const ThresholdOptions options = {.goal = ThresholdGoal::kPrecision, .wanted_precision = 0.9};
    const auto tuned = TuneThreshold(c.scores, c.labels, options);
    if (c.expected["recall_at_90"].is_null()) {
      EXPECT_EQ(tuned.status().code(), absl::StatusCode::kFailedPrecondition);
      EXPECT_THAT(std::string(tuned.status().message()), HasSubstr("no threshold reaches"));
      continue;
    }
    ASSERT_TRUE(tuned.ok()) << tuned.status();
    EXPECT_NEAR(tuned->confusion.Recall(), c.expected["recall_at_90"].get<double>(), kClose);
    EXPECT_GE(Decide(c.scores, c.labels, tuned->threshold)->Precision(), 0.9);
  }
}

TEST(BinaryTest, RocAucAndAveragePrecisionEqualScikitLearn) {
  for (const Case& c : Cases()) {
    SCOPED_TRACE(c.expected["name"].get<std::string>());
    const auto auc = RocAuc(c.scores, c.labels);
    const auto precision = AveragePrecision(c.scores, c.labels);
    if (c.expected["roc_auc"].is_null()) {
      EXPECT_EQ(auc.status().code(), absl::StatusCode::kFailedPrecondition);
    } else {
      EXPECT_NEAR(*auc, c.expected["roc_auc"].get<double>(), kClose);
    }
    if (c.expected["average_precision"].is_null()) {
      EXPECT_EQ(precision.status().code(), absl::StatusCode::kFailedPrecondition);
    } else {
      EXPECT_NEAR(*precision, c.expected["average_precision"].get<double>(), kClose);
    }
  }
}

TEST(BinaryTest, IsAtLeastWhatSentenceTransformersReaches) {
  int equal = 0;
  for (const Case& c : Cases()) {
    if (!c.expected.contains("sentence_transformers")) continue;
    SCOPED_TRACE(c.expected["name"].get<std::string>());
    const auto& other = c.expected["sentence_transformers"];
    const double accuracy = Tuned(c, ThresholdGoal::kAccuracy);
    EXPECT_GE(accuracy, other["reached"].get<double>() - kClose);
    equal += std::abs(accuracy - other["accuracy"].get<double>()) < kClose;
  }
  EXPECT_GE(equal, 7);  // the others are where it never accepts nothing, or splits ties
}

TEST(BinaryTest, RefusesWhatCannotBeMeasured) {
  const auto message = [](const std::vector<double>& scores, const std::vector<uint8_t>& labels) {
    const auto auc = RocAuc(scores, labels);
    EXPECT_EQ(auc.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(TuneThreshold(scores, labels, {}).status(), auc.status());
    EXPECT_EQ(AveragePrecision(scores, labels).status(), auc.status());
    EXPECT_EQ(Decide(scores, labels, 0).status(), auc.status());
    return std::string(auc.status().message());
  };
  EXPECT_THAT(message({}, {}), HasSubstr("no scores"));
  EXPECT_THAT(message({1, 2}, {1}), HasSubstr("2 scores with 1 labels"));
  EXPECT_THAT(message({1, NAN}, {1, 0}), HasSubstr("score 1 is nan"));
  EXPECT_THAT(message({1, 2}, {0, 2}), HasSubstr("label 1 is 2"));
}

}  // namespace
}  // namespace senvec
