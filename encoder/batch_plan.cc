#include "encoder/batch_plan.h"

#include <algorithm>
#include <numeric>

namespace senvec {

void BatchPlan::Make(absl::Span<const int32_t> lengths, int32_t max_tokens) {
  order_.resize(lengths.size());
  std::iota(order_.begin(), order_.end(), 0);
  // Not std::stable_sort, which allocates.
  std::sort(order_.begin(), order_.end(), [&](int32_t a, int32_t b) {
    return lengths[a] != lengths[b] ? lengths[a] > lengths[b] : a < b;
  });
  begins_.assign(1, 0);
  int64_t tokens = 0;
  for (size_t i = 0; i < order_.size(); ++i) {
    const int32_t length = lengths[order_[i]];
    if (i > begins_.back() && tokens + length > max_tokens) {
      begins_.push_back(i);
      tokens = 0;
    }
    tokens += length;
  }
  if (!order_.empty()) begins_.push_back(order_.size());
}

int32_t ChunkTokens(int64_t total_tokens, int num_threads) {
  constexpr int64_t kMost = 128, kLeast = 32;
  return static_cast<int32_t>(std::clamp((total_tokens + num_threads - 1) / num_threads, kLeast, kMost));
}

}  // namespace senvec
