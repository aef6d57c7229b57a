#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace senvec {

// Sentences grouped into chunks, each the work of one thread. Reused plans keep their memory. Not thread-safe.
class BatchPlan {
 public:
  // Chunks of at most `max_tokens` tokens, similar lengths together and the longest first, so that workers end at about
  // the same time. A longer sentence is a chunk of its own. Every index of `lengths` is in exactly one chunk.
  void Make(absl::Span<const int32_t> lengths, int32_t max_tokens);

  size_t num_chunks() const { return begins_.size() - 1; }
  // Indices into `lengths`.
  absl::Span<const int32_t> chunk(size_t i) const {
    return absl::MakeConstSpan(order_).subspan(begins_[i], begins_[i + 1] - begins_[i]);
  }

 private:
  std::vector<int32_t> order_;
  std::vector<size_t> begins_ = {0};  // of chunks in order_, and its end
};

// Tokens for a chunk when `total_tokens` are shared by `num_threads`: enough for the products to run at full speed,
// little enough for the second-level cache, and not so many that a thread is left without work.
int32_t ChunkTokens(int64_t total_tokens, int num_threads);

}  // namespace senvec
