#include "encoder/batch_plan.h"

#include <gmock/gmock.h>

namespace senvec {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(PlanChunksTest, NothingGivesNoChunk) { EXPECT_THAT(PlanChunks({}, 10), IsEmpty()); }

TEST(PlanChunksTest, LongestFirstWithinTheBudget) {
  EXPECT_THAT(PlanChunks({3, 9, 4, 3, 4}, 10),
              ElementsAre(ElementsAre(1), ElementsAre(2, 4), ElementsAre(0, 3)));
}

TEST(PlanChunksTest, ASentenceAboveTheBudgetStandsAlone) {
  EXPECT_THAT(PlanChunks({5, 30, 5}, 10), ElementsAre(ElementsAre(1), ElementsAre(0, 2)));
}

TEST(PlanChunksTest, EveryIndexIsThereOnce) {
  std::vector<int32_t> lengths(1000);
  for (size_t i = 0; i < lengths.size(); ++i) lengths[i] = 1 + static_cast<int32_t>(i * 7919 % 60);
  std::vector<int> seen(lengths.size());
  for (const auto& chunk : PlanChunks(lengths, 512)) {
    int32_t tokens = 0;
    for (int32_t index : chunk) {
      ++seen[index];
      tokens += lengths[index];
    }
    EXPECT_LE(tokens, 512);
  }
  EXPECT_THAT(seen, testing::Each(1));
}

}  // namespace
}  // namespace senvec
