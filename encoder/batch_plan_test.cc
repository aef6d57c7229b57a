#include "encoder/batch_plan.h"

#include <gmock/gmock.h>

namespace senvec {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::vector<int32_t>> Chunks(const std::vector<int32_t>& lengths, int32_t max_tokens) {
  BatchPlan plan;
  plan.Make({1, 2, 3}, 2);  // a plan that was used before
  plan.Make(lengths, max_tokens);
  std::vector<std::vector<int32_t>> chunks;
  for (size_t i = 0; i < plan.num_chunks(); ++i) chunks.emplace_back(plan.chunk(i).begin(), plan.chunk(i).end());
  return chunks;
}

TEST(BatchPlanTest, NothingGivesNoChunk) { EXPECT_THAT(Chunks({}, 10), IsEmpty()); }

TEST(BatchPlanTest, LongestFirstWithinTheBudget) {
  EXPECT_THAT(Chunks({3, 9, 4, 3, 4}, 10), ElementsAre(ElementsAre(1), ElementsAre(2, 4), ElementsAre(0, 3)));
}

TEST(BatchPlanTest, ASentenceAboveTheBudgetStandsAlone) {
  EXPECT_THAT(Chunks({5, 30, 5}, 10), ElementsAre(ElementsAre(1), ElementsAre(0, 2)));
}

TEST(BatchPlanTest, EveryIndexIsThereOnce) {
  std::vector<int32_t> lengths(1000);
  for (size_t i = 0; i < lengths.size(); ++i) lengths[i] = 1 + static_cast<int32_t>(i * 7919 % 60);
  std::vector<int> seen(lengths.size());
  for (const auto& chunk : Chunks(lengths, 512)) {
    int32_t tokens = 0;
    for (int32_t index : chunk) {
      ++seen[index];
      tokens += lengths[index];
    }
    EXPECT_LE(tokens, 512);
  }
  EXPECT_THAT(seen, testing::Each(1));
}

TEST(BatchPlanTest, AFewTokensAreSharedByTheThreads) {
  EXPECT_EQ(ChunkTokens(1000000, 2), 128);
  EXPECT_EQ(ChunkTokens(200, 2), 100);
  EXPECT_EQ(ChunkTokens(9, 2), 32);
}

}  // namespace
}  // namespace senvec
