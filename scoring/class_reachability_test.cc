#include "scoring/class_reachability.h"

#include <gmock/gmock.h>

#include <cmath>
#include <random>

namespace senvec {
namespace {

using testing::HasSubstr;

Reachability Check(const std::vector<double>& weights, const std::vector<double>& biases, int32_t dim, size_t target) {
  const auto result = CheckReachable(weights, biases, dim, target, {});
  EXPECT_TRUE(result.ok()) << result.status();
  return result.value_or(Reachability::kUndecided);
}

TEST(ReachabilityTest, ACornerIsReachedAndTheInsideIsNot) {
  const std::vector<double> square = {1, 1, 1, -1, -1, 1, -1, -1, 0.5, 0.5, 0, 0};
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(Check(square, {}, 2, i), Reachability::kReachable) << i;
  EXPECT_EQ(Check(square, {}, 2, 4), Reachability::kUnreachable);
  EXPECT_EQ(Check(square, {}, 2, 5), Reachability::kUnreachable);
}

TEST(ReachabilityTest, OnAnEdgeAnItemCanOnlyTie) {
  const std::vector<double> edge = {1, 1, 1, -1, 1, 0, -1, 0};
  EXPECT_EQ(Check(edge, {}, 2, 2), Reachability::kUnreachable);
}

TEST(ReachabilityTest, TwinsAreNeverTheOnlyBest) {
  const std::vector<double> twins = {1, 0, 1, 0, 0, 1};
  EXPECT_EQ(Check(twins, {}, 2, 0), Reachability::kUnreachable);
  EXPECT_EQ(Check(twins, {}, 2, 2), Reachability::kReachable);
  EXPECT_EQ(Check(twins, {0, 0.1, 0}, 2, 1), Reachability::kReachable);
  EXPECT_EQ(Check(twins, {0, 0.1, 0}, 2, 0), Reachability::kUnreachable);
}

TEST(ReachabilityTest, BiasesMakeAndTakeAway) {
  const std::vector<double> line = {-1, 0, 1};
  EXPECT_EQ(Check(line, {}, 1, 1), Reachability::kUnreachable);
  EXPECT_EQ(Check(line, {0, 0.1, 0}, 1, 1), Reachability::kReachable);
  EXPECT_EQ(Check(line, {0, -0.1, 0}, 1, 1), Reachability::kUnreachable);
  EXPECT_EQ(Check(line, {0, 100, 0}, 1, 0), Reachability::kReachable);  // far enough to the left
}

TEST(ReachabilityTest, ItemsOfEqualLengthAreAllReachable) {
  std::mt19937 engine(1);
  std::normal_distribution<double> normal;
  constexpr size_t kDim = 8, kItems = 60;
  std::vector<double> rows(kDim * kItems);
  for (double& value : rows) value = normal(engine) + 1;
  for (size_t i = 0; i < kItems; ++i) {
    double squares = 0;
    for (size_t j = 0; j < kDim; ++j) squares += rows[i * kDim + j] * rows[i * kDim + j];
    for (size_t j = 0; j < kDim; ++j) rows[i * kDim + j] /= std::sqrt(squares);
  }
  for (size_t i = 0; i < kItems; ++i) EXPECT_EQ(Check(rows, {}, kDim, i), Reachability::kReachable) << i;
}

TEST(ReachabilityTest, AgreesWithASweepOfAllDirectionsInThePlane) {
  std::mt19937 engine(2);
  std::normal_distribution<double> normal;
  for (int round = 0; round < 40; ++round) {
    std::vector<double> rows(2 * 12);
    for (double& value : rows) value = normal(engine);
    std::vector<bool> wins(12, false);
    for (int step = 0; step < 200000; ++step) {
      const double angle = 2 * M_PI * step / 200000;
      size_t best = 0;
      for (size_t i = 1; i < 12; ++i) {
        const auto value = [&](size_t k) { return std::cos(angle) * rows[2 * k] + std::sin(angle) * rows[2 * k + 1]; };
        if (value(i) > value(best)) best = i;
      }
      wins[best] = true;
    }
    for (size_t i = 0; i < 12; ++i) {
      EXPECT_EQ(Check(rows, {}, 2, i), wins[i] ? Reachability::kReachable : Reachability::kUnreachable) << round << " " << i;
    }
  }
}

TEST(ReachabilityTest, OneItemAloneIsAlwaysTheBest) { EXPECT_EQ(Check({3, 4}, {}, 2, 0), Reachability::kReachable); }

TEST(ReachabilityTest, FewStepsDecideNothing) {
  const std::vector<double> square = {1, 1, 1, -1, -1, 1, -1, -1, 0.5, 0.4};
  EXPECT_EQ(*CheckReachable(square, {}, 2, 4, {.max_steps = 1}), Reachability::kUndecided);
}

TEST(ReachabilityTest, NamesWhatIsWrong) {
  const auto fault = [](std::vector<double> weights, std::vector<double> biases, int32_t dim, size_t target) {
    return std::string(CheckReachable(weights, biases, dim, target, {}).status().message());
  };
  EXPECT_THAT(fault({1, NAN, 3, 4}, {}, 1, 0), HasSubstr("item 1 has a value that is not finite"));
  EXPECT_THAT(fault({1, 2}, {0, HUGE_VAL}, 1, 0), HasSubstr("item 1"));
  EXPECT_THAT(fault({1, 2, 3}, {}, 2, 0), HasSubstr("do not fit"));
  EXPECT_THAT(fault({1, 2}, {}, 1, 2), HasSubstr("do not fit"));
  EXPECT_THAT(fault({1, 2}, {1}, 1, 0), HasSubstr("do not fit"));
  EXPECT_THAT(fault({}, {}, 0, 0), HasSubstr("do not fit"));
}

}  // namespace
}  // namespace senvec
