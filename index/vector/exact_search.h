#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "index/vector/neighbor.h"
#include "index/vector/row_filter.h"
#include "index/vector/row_table.h"
#include "index/vector/top_k.h"

namespace senvec {

// Every allowed row of the first `num_rows` is compared with every query. queries: n × dim, checked. `floor`: the least
// score that is returned.
std::vector<std::vector<Neighbor>> ScanRows(const RowTable& table, int64_t num_rows, absl::Span<const float> queries,
                                            size_t k, const RowFilter* allowed, float floor);

// The k nearest of some rows, in order.
std::vector<Neighbor> Rescore(const RowTable& table, const float* query, absl::Span<const uint32_t> rows, size_t k,
                              float floor);

// Calls visit(ids, count) with the allowed rows below num_rows, ascending, at most 64 at a time.
template <typename Visit>
void ForEachAllowed(const RowFilter& allowed, int64_t num_rows, const Visit& visit) {
  uint32_t ids[64];
  for (int64_t first = 0; first < num_rows; first += 64) {
    uint64_t word = allowed.words()[static_cast<size_t>(first) / 64];
    if (num_rows - first < 64) word &= (uint64_t{1} << (num_rows - first)) - 1;
    size_t count = 0;
    for (; word != 0; word &= word - 1) {
      ids[count++] = static_cast<uint32_t>(first) + static_cast<uint32_t>(__builtin_ctzll(word));
    }
    if (count > 0) visit(ids, count);
  }
}

}  // namespace senvec
