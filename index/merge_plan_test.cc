#include "index/merge_plan.h"

#include <gmock/gmock.h>

#include <random>

namespace senvec {
namespace {

PartSize Segment(int64_t live, int64_t removed = 0) {
  return {.num_rows = live + removed, .live_rows = live, .is_segment = true};
}
PartSize Memory(int64_t live, bool frozen = true) { return {.num_rows = live, .live_rows = live, .frozen = frozen}; }

TEST(MergePlanTest, ChoosesWhatIsMostUrgent) {
  struct Case {
    const char* name;
    std::vector<PartSize> parts;
    bool is_idle;
    std::optional<MergePlan> plan;
  };
  for (const Case& c : {
           Case{"nothing", {}, true, std::nullopt},
           Case{"the growing tail stays", {Segment(100), Memory(5, false)}, true, std::nullopt},
           Case{"frozen tails together", {Segment(9000), Memory(10), Memory(10), Memory(5, false)}, false, MergePlan{1, 3}},
           Case{"a fifth removed", {Segment(9000), Segment(7000, 3000)}, false, MergePlan{1, 2}},
           Case{"few removed", {Segment(90000), Segment(9000, 1000)}, false, std::nullopt},
           Case{"small ones wait", {Segment(90000), Segment(10, 90)}, false, std::nullopt},
           Case{"all removed", {Segment(0, 50), Segment(10)}, false, MergePlan{0, 1}},
           Case{"four of like size", {Segment(100000), Segment(4096), Segment(4096), Segment(4096), Segment(4096)}, false, MergePlan{1, 5}},
           Case{"three wait", {Segment(100000), Segment(4096), Segment(4096), Segment(4096)}, false, std::nullopt},
           Case{"unless idle", {Segment(200000), Segment(4096), Segment(4096), Segment(4096)}, true, MergePlan{1, 4}},
           Case{"a tenth joins all when idle", {Segment(100000), Segment(10000)}, true, MergePlan{0, 2}},
           Case{"less stays apart", {Segment(100000), Segment(9000)}, true, std::nullopt}}) {
    EXPECT_EQ(PlanMerge(c.parts, c.is_idle), c.plan) << c.name;
  }
}

// Each row is built into a new index a few times in all, and a search has few indexes to look into.
TEST(MergePlanTest, GrowthCostsLittle) {
  std::vector<PartSize> parts;
  int64_t built = 0, rows = 0;
  size_t most_segments = 0;
  for (int i = 0; i < 1000; ++i) {
    parts.push_back(Memory(4096));
    rows += 4096;
    while (const auto plan = PlanMerge(parts, false)) {
      int64_t live = 0;
      for (int64_t p = plan->begin; p < plan->end; ++p) live += parts[static_cast<size_t>(p)].live_rows;
      built += live;
      parts.erase(parts.begin() + plan->begin + 1, parts.begin() + plan->end);
      parts[static_cast<size_t>(plan->begin)] = Segment(live);
    }
    most_segments = std::max(most_segments, parts.size());
  }
  EXPECT_LE(static_cast<double>(built) / static_cast<double>(rows), 8);
  EXPECT_LE(most_segments, 20u);
}

}  // namespace
}  // namespace senvec
