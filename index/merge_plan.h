#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace senvec {

// What the planner knows of a part of a view, in the order of rows.
struct PartSize {
  int64_t num_rows = 0;    // removed ones included
  int64_t live_rows = 0;
  bool is_segment = false; // on disk; else rows in memory that are compared one by one
  bool frozen = true;      // nothing is appended any more
};

// Parts [begin, end) to be made one segment.
struct MergePlan {
  int64_t begin = 0;
  int64_t end = 0;
  friend bool operator==(const MergePlan&, const MergePlan&) = default;
};

// What the background should build next; nullopt = nothing. Rows in memory come first; then segments of which a fifth is
// removed; then four neighbours of like size, so that each row is built into a new index a few times in all while the
// collection grows. When `is_idle`, small segments are joined, too, since one index is searched faster than several.
std::optional<MergePlan> PlanMerge(const std::vector<PartSize>& parts, bool is_idle);

}  // namespace senvec
