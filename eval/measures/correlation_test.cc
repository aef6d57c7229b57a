#include "eval/measures/correlation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "base/json.h"

namespace senvec {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(CorrelationTest, EqualsScipyOnEveryVector) {
  const auto file = ReadJsonFile(SENVEC_TESTDATA "/correlation.json");
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_GE((*file)["cases"].size(), 15u);
  for (const auto& c : (*file)["cases"]) {
    SCOPED_TRACE(c["name"].get<std::string>());
    const auto x = c["x"].get<std::vector<double>>();
    const auto y = c["y"].get<std::vector<double>>();
    EXPECT_EQ(AverageRanks(x), c["rank_x"].get<std::vector<double>>());
    // scipy sums in fp64: about n·2⁻⁵³ of relative error for the 500 values at most here.
    EXPECT_NEAR(PearsonCorrelation(x, y).value(), c["pearson"].get<double>(), 1e-12);
    EXPECT_NEAR(SpearmanCorrelation(x, y).value(), c["spearman"].get<double>(), 1e-12);
  }
}

TEST(CorrelationTest, TiesShareTheMeanOfTheirRanks) {
  const std::vector<double> values = {3, 1, 3, 2, 3};
  EXPECT_THAT(AverageRanks(values), ElementsAre(4, 1, 4, 2, 4));
  EXPECT_THAT(AverageRanks({}), IsEmpty());
}

TEST(CorrelationTest, LargestDoublesDoNotOverflow) {
  const double big = std::numeric_limits<double>::max();
  const std::vector<double> x = {-big, big, big, -big};
  EXPECT_THAT(PearsonCorrelation(x, x).value(), DoubleEq(1.0));
}

TEST(CorrelationTest, SpearmanRanksInfinities) {
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<double> x = {1, infinity, -infinity}, y = {0, 1, -1};
  EXPECT_THAT(SpearmanCorrelation(x, y).value(), DoubleEq(1.0));
  EXPECT_EQ(PearsonCorrelation(x, y).status().code(), absl::StatusCode::kInvalidArgument);
}

struct Case {
  std::string name;
  std::vector<double> x;
  std::vector<double> y;
  absl::StatusCode code;
  std::string message;
};

class UndefinedTest : public ::testing::TestWithParam<Case> {};

TEST_P(UndefinedTest, IsAnErrorAndNeverANumber) {
  const Case& c = GetParam();
  for (const auto& result : {PearsonCorrelation(c.x, c.y), SpearmanCorrelation(c.x, c.y)}) {
    EXPECT_EQ(result.status().code(), c.code);
    EXPECT_THAT(std::string(result.status().message()), HasSubstr(c.message));
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, UndefinedTest,
    ::testing::Values(
        Case{"Sizes", {1, 2}, {1, 2, 3}, absl::StatusCode::kInvalidArgument, "2 values with 3"},
        Case{"Empty", {}, {}, absl::StatusCode::kInvalidArgument, "at least 2 pairs, got 0"},
        Case{"One", {1}, {1}, absl::StatusCode::kInvalidArgument, "at least 2 pairs, got 1"},
        Case{"NanFirst", {1, NAN}, {1, 2}, absl::StatusCode::kInvalidArgument, "value 1 of the first"},
        Case{"NanSecond", {1, 2}, {NAN, 2}, absl::StatusCode::kInvalidArgument, "value 0 of the second"},
        // 0.1 · 3 / 3 is not 0.1: a test by variance would miss this one.
        Case{"ConstantFirst", {0.1, 0.1, 0.1}, {1, 2, 3}, absl::StatusCode::kFailedPrecondition,
             "all 3 values of the first side are equal to 0.1"},
        Case{"ConstantSecond", {1, 2}, {0, 0}, absl::StatusCode::kFailedPrecondition, "second side"}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace senvec
