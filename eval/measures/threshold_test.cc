#include "eval/measures/threshold.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace senvec {
namespace {

TEST(ThresholdTest, IsHalfWayBetweenTheScoresItParts) {
  const auto tuned = TuneThreshold({0.2, 0.8, 0.4, 0.9}, {0, 1, 0, 1}, {});
  EXPECT_DOUBLE_EQ(tuned->threshold, 0.6);
  EXPECT_EQ(tuned->confusion.Accuracy(), 1);
}

TEST(ThresholdTest, NeverSplitsTies) {
  const auto tuned = TuneThreshold({0.5, 0.5}, {1, 0}, {});
  EXPECT_EQ(tuned->confusion.Accuracy(), 0.5);
  const auto cuts = AllCutPoints({0.5, 0.5, 0.5}, {1, 0, 1});
  ASSERT_TRUE(cuts.ok());
  for (const CutPoint& cut : *cuts) {
    const int64_t accepted = cut.confusion.true_positives + cut.confusion.false_positives;
    EXPECT_TRUE(accepted == 0 || accepted == 3);
  }
}

TEST(ThresholdTest, DoesNotDependOnTheOrderOfPairs) {
  const auto a = TuneThreshold({0.5, 0.5, 0.3, 0.9}, {1, 0, 0, 1}, {});
  const auto b = TuneThreshold({0.9, 0.3, 0.5, 0.5}, {1, 0, 0, 1}, {});
  EXPECT_EQ(a->threshold, b->threshold);
  EXPECT_EQ(a->confusion.Accuracy(), b->confusion.Accuracy());
}

TEST(ThresholdTest, OneClassAcceptsAllOrNothing) {
  const auto positives = TuneThreshold({0.1, 0.9}, {1, 1}, {});
  EXPECT_EQ(positives->confusion.true_positives, 2);
  const auto negatives = TuneThreshold({0.1, 0.9}, {0, 0}, {});
  EXPECT_EQ(negatives->confusion.true_negatives, 2);
  EXPECT_GT(negatives->threshold, 0.9);
  EXPECT_EQ(TuneThreshold({0.1}, {0}, {.goal = ThresholdGoal::kF1})->confusion.F1(), 0);
}

TEST(ThresholdTest, EveryCutIsReachedByItsThreshold) {
  const double next = std::nextafter(0.7, 1);
  const std::vector<double> scores = {0.7, next, -1e308, 1e308, 0.7};
  const std::vector<uint8_t> labels = {0, 1, 0, 1, 1};
  const auto cuts = AllCutPoints(scores, labels);
  ASSERT_EQ(cuts->size(), 5u);
  for (const CutPoint& cut : *cuts) {
    EXPECT_TRUE(std::isfinite(cut.threshold));
    const auto decided = Decide(scores, labels, cut.threshold);
    EXPECT_EQ(decided->true_positives, cut.confusion.true_positives);
    EXPECT_EQ(decided->false_positives, cut.confusion.false_positives);
  }
}

TEST(ThresholdTest, RefusesAPrecisionThatIsNoShare) {
  for (const double wanted : {0.0, -1.0, 1.5, std::nan("")}) {
    const ThresholdOptions options = {.goal = ThresholdGoal::kPrecision, .wanted_precision = wanted};
    EXPECT_EQ(TuneThreshold({1}, {1}, options).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(BootstrapThresholdTest, HoldsTheTunedValueAndRepeatsWithTheSameSeed) {
  RandomBits data(7);
  std::vector<double> scores;
  std::vector<uint8_t> labels;
  for (int i = 0; i < 400; ++i) {
    labels.push_back(RandomBelow(data, 2));
    scores.push_back(static_cast<double>(RandomBelow(data, 1000)) / 1000 + 0.4 * labels.back());
  }
  RandomBits first(1), again(1), other(2);
  const auto tuned = TuneThreshold(scores, labels, {});
  const auto interval = BootstrapThreshold(scores, labels, {}, 500, first);
  ASSERT_TRUE(interval.ok()) << interval.status();
  EXPECT_LE(interval->threshold.low, tuned->threshold);
  EXPECT_GE(interval->threshold.high, tuned->threshold);
  EXPECT_LT(interval->worth.low, tuned->confusion.Accuracy());
  // Tuned anew on each sample, so higher than the worth on one sample.
  EXPECT_GT(interval->worth.high, tuned->confusion.Accuracy());
  EXPECT_EQ(interval->worth.low, BootstrapThreshold(scores, labels, {}, 500, again)->worth.low);
  EXPECT_NE(interval->worth.low, BootstrapThreshold(scores, labels, {}, 500, other)->worth.low);
}

TEST(BootstrapThresholdTest, TellsHowManySamplesHadNoCut) {
  RandomBits random(3);
  const ThresholdOptions options = {.goal = ThresholdGoal::kPrecision, .wanted_precision = 0.9};
  // A sample without the one positive, 35 of 100, has no cut of that precision.
  const auto interval = BootstrapThreshold({0.9, 0.5, 0.4}, {1, 0, 0}, options, 300, random);
  ASSERT_TRUE(interval.ok()) << interval.status();
  EXPECT_NEAR(interval->samples_without_cut, 300 * 8 / 27, 30);
}

}  // namespace
}  // namespace senvec
