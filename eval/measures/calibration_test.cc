#include "eval/measures/calibration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "base/json.h"

namespace senvec {
namespace {

TEST(CalibrationTest, EqualsTheReferenceOnEveryVector) {
  const auto file = ReadJsonFile(SENVEC_TESTDATA "/calibration.json");
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_GE((*file)["cases"].size(), 6u);
  for (const auto& c : (*file)["cases"]) {
    SCOPED_TRACE(c["name"].get<std::string>());
    const auto p = c["probabilities"].get<std::vector<double>>();
    const auto labels = c["labels"].get<std::vector<uint8_t>>();
    const auto measured = MeasureCalibration(p, labels, c["bins"]);
    ASSERT_TRUE(measured.ok()) << measured.status();
    EXPECT_NEAR(measured->error, c["ece"].get<double>(), 1e-9);
    EXPECT_NEAR(measured->brier, c["brier"].get<double>(), 1e-9);
  }
}

TEST(CalibrationTest, BinsCloseAtTheirUpperEnd) {
  const auto measured = MeasureCalibration({0.0, 0.5, 0.75, 1.0}, {0, 1, 1, 1}, 2);
  EXPECT_EQ(measured->bins[0].count, 2);
  EXPECT_EQ(measured->bins[1].count, 2);
}

TEST(CalibrationTest, RefusesWhatIsNoProbability) {
  EXPECT_FALSE(MeasureCalibration({1.5}, {1}).ok());
  EXPECT_FALSE(MeasureCalibration({-0.1}, {1}).ok());
  EXPECT_FALSE(MeasureCalibration({NAN}, {1}).ok());
  EXPECT_FALSE(MeasureCalibration({}, {}).ok());
  EXPECT_FALSE(MeasureCalibration({0.5}, {1}, 0).ok());
}

TEST(PlattTest, EqualsTheMaximumLikelihoodThatScipyFinds) {
  const auto file = ReadJsonFile(SENVEC_TESTDATA "/platt.json");
  ASSERT_TRUE(file.ok()) << file.status();
  for (const auto& c : (*file)["cases"]) {
    SCOPED_TRACE(c["name"].get<std::string>());
    const auto scores = c["scores"].get<std::vector<double>>();
    const auto labels = c["labels"].get<std::vector<uint8_t>>();
    const auto curve = FitLogistic(scores, labels);
    const double slope = c["slope"].get<double>(), offset = c["offset"].get<double>();
    // Both stop where the loss is flat to the last digit: half of the digits of a double.
    EXPECT_NEAR(curve->slope, slope, 1e-6 * std::abs(slope));
    const LogisticCurve expected = {slope, offset};
    for (const double s : scores) {
      EXPECT_NEAR(curve->Probability(s), expected.Probability(s), 1e-7);
    }
  }
}

TEST(PlattTest, StaysFiniteWhereClassesDoNotOverlapOrScoresAreEqual) {
  for (const auto& [scores, labels] : std::vector<std::pair<std::vector<double>, std::vector<uint8_t>>>{
           {{0, 1}, {0, 1}}, {{0.5, 0.5, 0.5}, {1, 1, 0}}, {{0.3}, {1}}, {{1e9, -1e9}, {1, 0}}}) {
    const auto curve = FitLogistic(scores, labels);
    ASSERT_TRUE(curve.ok()) << curve.status();
    for (const double s : scores) {
      EXPECT_GT(curve->Probability(s), 0);
      EXPECT_LT(curve->Probability(s), 1);
    }
  }
  // The mean of the targets ¾, ¾ and ⅓, as there is nothing else to go by.
  EXPECT_NEAR(FitLogistic({0.5, 0.5, 0.5}, {1, 1, 0})->Probability(0.5), (2 * 0.75 + 1.0 / 3) / 3, 1e-8);
}

}  // namespace
}  // namespace senvec
