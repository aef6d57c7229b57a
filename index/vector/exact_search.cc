#include "index/vector/exact_search.h"

#include <algorithm>

namespace senvec {
namespace {

// Rows that stay in the second-level cache while one query after the other is compared with them.
constexpr size_t kBlockBytes = 96 << 10;
constexpr size_t kMostRows = 256;
// With one query memory is what counts: rows this far ahead are asked for, since the processor's own guess ends with
// each page of a mapped file.
constexpr size_t kAheadBytes = 8 << 10;

// Rows [begin, end).
void AskFor(const RowTable& table, size_t begin, size_t end) {
  if (begin >= end) return;
  const char* const last = table.row(end - 1) + table.stride();
  for (const char* at = table.row(begin); at < last; at += 64) __builtin_prefetch(at);
}

}  // namespace

std::vector<std::vector<Neighbor>> ScanRows(const RowTable& table, int64_t num_rows, absl::Span<const float> queries,
                                            size_t k, const RowFilter* allowed, float floor) {
  const size_t n = static_cast<size_t>(num_rows), dim = table.dim();
  const size_t num_queries = queries.size() / dim;
  std::vector<TopK> best(num_queries, TopK(std::min(k, std::max<size_t>(n, 1)), floor));
  float scores[kMostRows];
  if (allowed != nullptr) {
    ForEachAllowed(*allowed, num_rows, [&](const uint32_t* ids, size_t count) {
      for (size_t q = 0; q < num_queries; ++q) {
        table.Score(queries.data() + q * dim, ids, count, scores);
        for (size_t i = 0; i < count; ++i) best[q].Add(ids[i], scores[i]);
      }
    });
  } else {
    const bool is_one = num_queries == 1;
    const size_t block = is_one ? 4 : std::clamp<size_t>(kBlockBytes / table.stride() / 4 * 4, 4, kMostRows);
    const size_t ahead = std::max<size_t>(1, kAheadBytes / table.stride());
    for (size_t first = 0; first < n; first += block) {
      const size_t count = std::min(block, n - first);
      if (is_one) AskFor(table, first + ahead, std::min(first + ahead + count, n));
      for (size_t q = 0; q < num_queries; ++q) {
        table.ScoreRange(queries.data() + q * dim, first, count, scores);
        for (size_t i = 0; i < count; ++i) {
          if (scores[i] >= best[q].threshold()) best[q].Add(static_cast<int64_t>(first + i), scores[i]);
        }
      }
    }
  }
  std::vector<std::vector<Neighbor>> found;
  found.reserve(num_queries);
  for (TopK& one : best) found.push_back(one.Take());
  return found;
}

std::vector<Neighbor> Rescore(const RowTable& table, const float* query, absl::Span<const uint32_t> rows, size_t k,
                              float floor) {
  constexpr size_t kAhead = 4;
  TopK best(k, floor);
  for (size_t first = 0; first < rows.size(); first += kAhead) {
    const size_t count = std::min(kAhead, rows.size() - first);
    // Mapped rows lie anywhere: the next ones are asked for while these are measured.
    for (size_t i = first + count; i < std::min(first + 2 * kAhead, rows.size()); ++i) {
      for (size_t at = 0; at < table.stride(); at += 64) __builtin_prefetch(table.row(rows[i]) + at);
    }
    float scores[kAhead];
    table.Score(query, rows.data() + first, count, scores);
    for (size_t i = 0; i < count; ++i) best.Add(rows[first + i], scores[i]);
  }
  return best.Take();
}

}  // namespace senvec
