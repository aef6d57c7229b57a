#include "scoring/selective.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <random>

namespace senvec {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<ScoredAnswer> Random(size_t n, uint32_t seed, int different) {
  std::mt19937 engine(seed);
  std::vector<ScoredAnswer> answers(n);
  for (ScoredAnswer& answer : answers) {
    answer.answerable = engine() % 3 != 0;
    answer.correct = answer.answerable && engine() % 4 != 0;
    answer.score = static_cast<double>(engine() % static_cast<uint32_t>(different)) / different + (answer.correct ? 0.2 : 0);
  }
  return answers;
}

TEST(SelectiveTest, AurocCountsPairs) {
  for (const int different : {2, 7, 1000}) {
    const auto answers = Random(120, 3, different);
    double wins = 0, pairs = 0;
    for (const auto& a : answers) {
      for (const auto& b : answers) {
        if (!a.answerable || b.answerable) continue;
        wins += a.score > b.score ? 1 : a.score == b.score ? 0.5 : 0;
        ++pairs;
      }
    }
    EXPECT_NEAR(AnswerableAuroc(answers).value(), wins / pairs, 1e-14);
  }
}

TEST(SelectiveTest, AurocHasNoValueForOneKind) {
  EXPECT_FALSE(AnswerableAuroc({}).has_value());
  EXPECT_FALSE(AnswerableAuroc(std::vector<ScoredAnswer>{{1, true, true}}).has_value());
  EXPECT_FALSE(AnswerableAuroc(std::vector<ScoredAnswer>{{1, false, false}}).has_value());
  EXPECT_EQ(AnswerableAuroc(std::vector<ScoredAnswer>{{1, false, false}, {1, true, true}}), 0.5);
  EXPECT_EQ(AnswerableAuroc(std::vector<ScoredAnswer>{{-kInfinity, false, false}, {kInfinity, true, true}}), 1);
}

TEST(SelectiveTest, NoThresholdIsBetterThanTheBestPoint) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    const auto answers = Random(50, seed, seed % 2 == 0 ? 5 : 1000);
    const auto best = BestPoint(answers, 0.9);
    int64_t most = 0;
    for (const auto& answer : answers) {
      const OperatingPoint point = PointAt(answers, answer.score);
      if (point.precision >= 0.9) most = std::max(most, point.num_correct);
    }
    EXPECT_EQ(best.has_value(), most > 0);
    if (!best.has_value()) continue;
    EXPECT_EQ(best->num_correct, most);
    const OperatingPoint again = PointAt(answers, best->threshold);
    EXPECT_EQ(again.num_accepted, best->num_accepted);  // the threshold splits no tie
    EXPECT_EQ(again.precision, best->precision);
  }
}

TEST(SelectiveTest, DegenerateAnswersHaveDefinedPoints) {
  EXPECT_FALSE(BestPoint({}, 0.5).has_value());
  EXPECT_FALSE(BestPoint(std::vector<ScoredAnswer>{{1, false, true}, {1, false, false}}, 0.1).has_value());
  const std::vector<ScoredAnswer> ties = {{1, true, true}, {1, false, false}, {1, false, true}};
  EXPECT_FALSE(BestPoint(ties, 0.5).has_value());
  EXPECT_NEAR(BestPoint(ties, 0.3)->precision, 1.0 / 3, 1e-15);
  EXPECT_NEAR(BestPoint(ties, 0.3)->coverage, 0.5, 1e-15);
  EXPECT_NEAR(HighestPrecision(ties), 1.0 / 3, 1e-15);
  EXPECT_EQ(HighestPrecision({}), 0);
  // Infinite scores have no middle.
  const std::vector<ScoredAnswer> infinite = {{kInfinity, true, true}, {-kInfinity, false, false}};
  EXPECT_EQ(PointAt(infinite, BestPoint(infinite, 1)->threshold).num_accepted, 1);
  const double next = std::nextafter(0.5, 1);
  const std::vector<ScoredAnswer> neighbours = {{next, true, true}, {0.5, false, false}};
  EXPECT_EQ(PointAt(neighbours, BestPoint(neighbours, 1)->threshold).num_accepted, 1);
}

TEST(SelectiveTest, RefusesNanAndContradictions) {
  EXPECT_TRUE(CheckAnswers(Random(10, 1, 3)).ok());
  EXPECT_EQ(CheckAnswers(std::vector<ScoredAnswer>{{NAN, false, false}}).message(), "answer 0 has score NaN");
  EXPECT_FALSE(CheckAnswers(std::vector<ScoredAnswer>{{0, true, false}}).ok());
}

}  // namespace
}  // namespace senvec
