#include "encoder/batch_plan.h"

#include <algorithm>
#include <numeric>

namespace senvec {

std::vector<std::vector<int32_t>> PlanChunks(absl::Span<const int32_t> lengths, int32_t max_tokens) {
  std::vector<int32_t> order(lengths.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return lengths[a] > lengths[b]; });
  std::vector<std::vector<int32_t>> chunks;
  int64_t tokens = 0;
  for (int32_t index : order) {
    if (chunks.empty() || tokens + lengths[index] > max_tokens) {
      chunks.emplace_back();
      tokens = 0;
    }
    chunks.back().push_back(index);
    tokens += lengths[index];
  }
  return chunks;
}

}  // namespace senvec
