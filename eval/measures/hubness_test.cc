#include "eval/measures/hubness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/json.h"

namespace senvec {
namespace {

using ::testing::ElementsAre;

TEST(HubnessTest, EqualsTheReferenceOnEveryVector) {
  const auto file = ReadJsonFile(SENVEC_TESTDATA "/hubness.json");
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_GE((*file)["cases"].size(), 6u);
  for (const auto& c : (*file)["cases"]) {
    SCOPED_TRACE(c["name"].get<std::string>());
    const auto measured = MeasureHubness(c["counts"].get<std::vector<int64_t>>(), 3);
    ASSERT_TRUE(measured.ok()) << measured.status();
    // scipy has no skewness for equal counts; ours is 0 there.
    const double skewness = c["skewness"].is_null() ? 0.0 : c["skewness"].get<double>();
    EXPECT_NEAR(measured->skewness, skewness, 1e-9);
    EXPECT_NEAR(measured->robin_hood, c["robin_hood"].get<double>(), 1e-9);
    EXPECT_NEAR(measured->antihub_share, c["antihub_share"].get<double>(), 1e-9);
    EXPECT_NEAR(measured->hub_share, c["hub_share"].get<double>(), 1e-9);
    EXPECT_EQ(measured->hubs, c["hubs"].get<std::vector<int64_t>>());
  }
}

TEST(HubnessTest, CountsHowOftenAnItemIsANeighbour) {
  EXPECT_THAT(*CountOccurrences({0, 2, 2, -1, 0, 2}, 4), ElementsAre(2, 0, 3, 0));
  EXPECT_FALSE(CountOccurrences({4}, 4).ok());
  EXPECT_FALSE(CountOccurrences({-2}, 4).ok());
}

TEST(HubnessTest, RefusesEmptyLists) {
  EXPECT_FALSE(MeasureHubness({}, 3).ok());
  EXPECT_FALSE(MeasureHubness({0, 0}, 3).ok());
}

}  // namespace
}  // namespace senvec
