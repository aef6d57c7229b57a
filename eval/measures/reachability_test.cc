#include "eval/measures/reachability.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/json.h"

namespace senvec {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

TEST(ReachabilityTest, EqualsLinearProgrammingOnEveryVector) {
  const auto file = ReadJsonFile(SENVEC_TESTDATA "/geometry.json");
  ASSERT_TRUE(file.ok()) << file.status();
  size_t unreachable = 0;
  for (const auto& c : (*file)["cases"]) {
    SCOPED_TRACE(c["name"].get<std::string>());
    const auto values = c["rows"].get<std::vector<float>>();
    const auto reach = FindUnreachable({values, c["dim"]});
    ASSERT_TRUE(reach.ok()) << reach.status();
    const auto expected = c["unreachable"].get<std::vector<size_t>>();
    for (size_t i = 0; i < reach->size(); ++i) {
      const bool is_inside = std::find(expected.begin(), expected.end(), i) != expected.end();
      EXPECT_EQ((*reach)[i], is_inside ? Reach::kUnreachable : Reach::kReachable) << i;
    }
    unreachable += expected.size();
  }
  EXPECT_GT(unreachable, 20u);
}

TEST(ReachabilityTest, EveryItemOfEqualLengthIsReachable) {
  const std::vector<float> values = {1, 0, 0, 1, -1, 0, 0.6f, 0.8f};
  EXPECT_THAT(*FindUnreachable({values, 2}), Each(Reach::kReachable));
}

TEST(ReachabilityTest, EqualItemsShareTheFirstPlaceAtBest) {
  const std::vector<float> values = {1, 0, 1, 0, 0, 1};
  EXPECT_THAT(*FindUnreachable({values, 2}),
              ElementsAre(Reach::kEqual, Reach::kEqual, Reach::kReachable));
}

TEST(ReachabilityTest, AnItemBetweenTwoOthersIsNot) {
  const std::vector<float> values = {2, 0, 0, 2, 1, 1, 0.1f, 0};
  const auto reach = FindUnreachable({values, 2});
  EXPECT_EQ((*reach)[2], Reach::kUnreachable);
  EXPECT_EQ((*reach)[3], Reach::kReachable);  // by a query that points away from the others
}

TEST(ReachabilityTest, OneItemAloneIsReachable) {
  EXPECT_THAT(*FindUnreachable({{0.0f, 0.0f}, 2}), ElementsAre(Reach::kReachable));
  EXPECT_FALSE(FindUnreachable({}).ok());
}

}  // namespace
}  // namespace senvec
