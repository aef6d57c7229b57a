#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "base/thread_pool.h"

namespace senvec {

// The nearest documents of each query by inner product, exactly.
struct TopHits {
  int64_t k = 0;                   // min(wanted, documents)
  std::vector<int64_t> documents;  // queries × k, best first
  std::vector<float> scores;       // likewise
};

// documents, queries: n × dim rows, best of length 1. Of equal scores the earlier document comes first.
// offsets: none, or one number a document that is added to its scores.
// Products in fp32 on the best instruction set there is; the same result whatever the pool's size.
TopHits FindTopHits(absl::Span<const float> documents, absl::Span<const float> queries, int64_t dim,
                    int64_t k, ThreadPool& pool, absl::Span<const float> offsets = {});

}  // namespace senvec
