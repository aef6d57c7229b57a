#include "scoring/group_hits.h"

#include <gmock/gmock.h>

#include <cmath>

namespace senvec {
namespace {

using testing::HasSubstr;

TEST(GroupHitsTest, FivePhrasingsAreOneHit) {
  const std::vector<ScoredHit> hits = {{"a1", "a", 0.9}, {"b1", "b", 0.8}, {"a2", "a", 0.7}, {"x", "", 0.6}, {"a3", "a", 0.5}};
  const auto groups = GroupHits(hits);
  ASSERT_TRUE(groups.ok()) << groups.status();
  ASSERT_EQ(groups->size(), 3u);
  EXPECT_EQ((*groups)[0].group, "a");
  EXPECT_EQ((*groups)[0].id, "a1");
  EXPECT_EQ((*groups)[0].num_hits, 3);
  EXPECT_EQ((*groups)[0].cosine, 0.9);
  EXPECT_EQ((*groups)[2].group, "");
  EXPECT_EQ((*groups)[2].id, "x");
  EXPECT_EQ((*groups)[2].best_hit, 3u);
}

TEST(GroupHitsTest, TheBestMemberCountsWhateverTheOrder) {
  const auto groups = *GroupHits(std::vector<ScoredHit>{{"a1", "a", 0.1}, {"b1", "b", 0.2}, {"a2", "a", 0.3}});
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].id, "a2");
  EXPECT_EQ(groups[0].best_hit, 2u);
  EXPECT_EQ(groups[1].id, "b1");
}

TEST(GroupHitsTest, DocumentsWithoutAGroupAreClassesOfTheirOwn) {
  const auto groups = *GroupHits(std::vector<ScoredHit>{{"7", "", 0.9}, {"8", "", 0.8}, {"9", "7", 0.7}});
  EXPECT_EQ(groups.size(), 3u);  // group "7" is not document "7"
}

TEST(GroupHitsTest, EqualCosinesKeepTheOrderOfTheHits) {
  const auto groups = *GroupHits(std::vector<ScoredHit>{{"b", "", 0.5}, {"a", "", 0.5}});
  EXPECT_EQ(groups[0].id, "b");
}

TEST(GroupHitsTest, NoHitsAreNoGroups) { EXPECT_TRUE(GroupHits({})->empty()); }

TEST(GroupHitsTest, RefusesWhatIsNoCosine) {
  for (const double bad : {std::nan(""), 1.01, -2.0, HUGE_VAL}) {
    const absl::Status status = GroupHits(std::vector<ScoredHit>{{"a", "", 1.0000001}, {"b", "", bad}}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << bad;
    EXPECT_THAT(std::string(status.message()), HasSubstr("hit 1 (id \"b\")"));
  }
}

}  // namespace
}  // namespace senvec
