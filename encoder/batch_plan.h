#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace senvec {

// Groups sentences into chunks of at most `max_tokens` tokens, similar lengths together and the longest first, so that
// workers end at about the same time. A longer sentence is a chunk of its own. Every index of `lengths` is in exactly
// one chunk.
std::vector<std::vector<int32_t>> PlanChunks(absl::Span<const int32_t> lengths, int32_t max_tokens);

}  // namespace senvec
