#include "eval/measures/significance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "eval/measures/correlation.h"

namespace senvec {
namespace {

std::vector<double> Noise(int n, uint64_t seed) {
  RandomBits random(seed);
  std::vector<double> values(n);
  for (double& v : values) {
    for (int i = 0; i < 12; ++i) v += static_cast<double>(RandomBelow(random, 1 << 20)) / (1 << 20);
    v -= 6;
  }
  return values;
}

TEST(CompareMeansTest, IntervalIsThatOfTheNormalApproximation) {
  const int n = 2000;
  const std::vector<double> a = Noise(n, 1), b = Noise(n, 2);
  RandomBits random(3);
  const auto result = CompareMeans(a, b, 2000, random);
  double mean = 0, square = 0;
  for (int i = 0; i < n; ++i) mean += (b[i] - a[i]) / n;
  for (int i = 0; i < n; ++i) square += (b[i] - a[i] - mean) * (b[i] - a[i] - mean) / n;
  EXPECT_NEAR(result->difference, mean, 1e-12);
  EXPECT_NEAR(result->interval.high - result->interval.low, 2 * 1.96 * std::sqrt(square / n), 0.01);
  EXPECT_GT(result->p_value, 0.01);
}

TEST(CompareMeansTest, TellsARealDifferenceFromNone) {
  std::vector<double> a = Noise(500, 1), b = a;
  RandomBits random(3);
  EXPECT_EQ(CompareMeans(a, b, 200, random)->p_value, 1);
  for (double& v : b) v += 0.1;
  EXPECT_LT(CompareMeans(a, b, 200, random)->p_value, 0.011);
}

TEST(CompareMeansTest, RefusesWhatCannotBeCompared) {
  RandomBits random(3);
  EXPECT_FALSE(CompareMeans({1, 2}, {1}, 10, random).ok());
  EXPECT_FALSE(CompareMeans({}, {}, 10, random).ok());
  EXPECT_FALSE(CompareMeans({NAN}, {1}, 10, random).ok());
  EXPECT_FALSE(CompareMeans({1}, {1}, 0, random).ok());
}

TEST(CompareSpearmanTest, PrefersTheRunThatIsNearerToTheLabels) {
  const std::vector<double> labels = Noise(400, 1), noise_a = Noise(400, 2), noise_b = Noise(400, 3);
  std::vector<double> a(400), b(400);
  for (int i = 0; i < 400; ++i) {
    a[i] = labels[i] + 2 * noise_a[i];
    b[i] = labels[i] + 0.5 * noise_b[i];
  }
  RandomBits random(4);
  const auto result = CompareSpearman(a, b, labels, 300, random);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_NEAR(result->difference, *SpearmanCorrelation(b, labels) - *SpearmanCorrelation(a, labels), 1e-12);
  EXPECT_GT(result->interval.low, 0);
  EXPECT_LT(result->p_value, 0.01);
}

// Resampling by counts must be what resampling by copying is.
TEST(BootstrapSpearmanTest, EqualsCorrelatingEachSampleAnew) {
  std::vector<double> x = Noise(60, 1), y = Noise(60, 2);
  for (int i = 0; i < 60; ++i) y[i] = std::round(2 * (y[i] + x[i]));  // with ties
  RandomBits random(9), again(9);
  const auto interval = BootstrapSpearman(x, y, 200, random);
  std::vector<double> samples;
  std::vector<uint32_t> counts(60);
  for (int r = 0; r < 200; ++r) {
    ResampleCounts(again, absl::MakeSpan(counts));
    std::vector<double> sample_x, sample_y;
    for (int i = 0; i < 60; ++i) {
      sample_x.insert(sample_x.end(), counts[i], x[i]);
      sample_y.insert(sample_y.end(), counts[i], y[i]);
    }
    samples.push_back(*SpearmanCorrelation(sample_x, sample_y));
  }
  const auto expected = PercentileInterval(samples);
  EXPECT_NEAR(interval->low, expected->low, 1e-12);
  EXPECT_NEAR(interval->high, expected->high, 1e-12);
}

TEST(BootstrapSpearmanTest, DrawsAgainWhereASampleHasNoCorrelation) {
  RandomBits random(1);
  // A third of the samples hold one pair only, four times.
  EXPECT_TRUE(BootstrapSpearman({1, 2, 3, 4}, {1, 2, 3, 4}, 100, random).ok());
  EXPECT_EQ(BootstrapSpearman({1, 1}, {1, 2}, 100, random).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST(PercentileIntervalTest, InterpolatesAsNumpyDoes) {
  std::vector<double> values;
  for (int i = 0; i < 11; ++i) values.push_back(i);
  EXPECT_DOUBLE_EQ(PercentileInterval(values)->low, 0.25);
  EXPECT_DOUBLE_EQ(PercentileInterval(values)->high, 9.75);
  EXPECT_FALSE(PercentileInterval({}).ok());
}

}  // namespace
}  // namespace senvec
