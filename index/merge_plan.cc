#include "index/merge_plan.h"

namespace senvec {
namespace {

constexpr int64_t kMergeWidth = 4;
constexpr int64_t kSmallSegment = 1024;  // not worth a rebuild for its removed rows alone

std::optional<MergePlan> RowsInMemory(const std::vector<PartSize>& parts) {
  MergePlan plan{-1, -1};
  for (size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].is_segment || !parts[i].frozen) continue;
    if (plan.begin < 0) plan.begin = static_cast<int64_t>(i);
    plan.end = static_cast<int64_t>(i) + 1;
  }
  if (plan.begin < 0) return std::nullopt;
  return plan;
}

std::optional<MergePlan> ManyRemoved(const std::vector<PartSize>& parts) {
  for (size_t i = 0; i < parts.size(); ++i) {
    const PartSize& part = parts[i];
    if (!part.is_segment) continue;
    const int64_t removed = part.num_rows - part.live_rows;
    const bool is_worth_it = part.live_rows == 0 || (part.num_rows > kSmallSegment && removed * 5 > part.num_rows);
    if (is_worth_it) return MergePlan{static_cast<int64_t>(i), static_cast<int64_t>(i) + 1};
  }
  return std::nullopt;
}

// The longest run of segments at the end, of at least `width`, whose first is not much larger than the rest together.
std::optional<MergePlan> LikeSize(const std::vector<PartSize>& parts, int64_t num_segments, int64_t width,
                                  int64_t factor) {
  std::optional<MergePlan> plan;
  int64_t later = 0;
  for (int64_t i = num_segments - 1; i >= 0; --i) {
    const int64_t live = parts[static_cast<size_t>(i)].live_rows;
    if (num_segments - i >= width && live <= factor * later) plan = MergePlan{i, num_segments};
    later += live;
  }
  return plan;
}

}  // namespace

std::optional<MergePlan> PlanMerge(const std::vector<PartSize>& parts, bool is_idle) {
  if (const auto plan = RowsInMemory(parts)) return plan;
  if (const auto plan = ManyRemoved(parts)) return plan;
  int64_t num_segments = 0;
  while (num_segments < static_cast<int64_t>(parts.size()) && parts[static_cast<size_t>(num_segments)].is_segment) {
    ++num_segments;
  }
  if (const auto plan = LikeSize(parts, num_segments, kMergeWidth, 2)) return plan;
  if (!is_idle) return std::nullopt;
  return LikeSize(parts, num_segments, 2, 10);
}

}  // namespace senvec
