#include "eval/top_hits.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "kernels/gemm.h"
#include "kernels/isa.h"

namespace senvec {
namespace {

// Queries that are scored against all documents at once: their scores stay in the second-level cache
// for some thousands of documents.
constexpr int64_t kBlockQueries = 16;

class Search {
 public:
  Search(absl::Span<const float> documents, absl::Span<const float> queries, int64_t dim, int64_t k,
         absl::Span<const float> offsets)
      : matrix_(PackedMatrix::Pack(documents, offsets, static_cast<int64_t>(documents.size()) / dim, dim,
                                   Precision::kFp32, KernelsFor(SupportedIsas().back()))),
        queries_(queries),
        dim_(dim),
        num_queries_(static_cast<int64_t>(queries.size()) / dim) {
    hits.k = std::min(k, matrix_.out());
    hits.documents.resize(num_queries_ * hits.k);
    hits.scores.resize(num_queries_ * hits.k);
  }

  int64_t num_blocks() const { return (num_queries_ + kBlockQueries - 1) / kBlockQueries; }

  void RunBlock(int64_t block) {
    const int64_t begin = block * kBlockQueries;
    const int64_t rows = std::min(kBlockQueries, num_queries_ - begin);
    LeftOperand left;
    left.View(queries_.data() + begin * dim_, rows, dim_, dim_);
    std::vector<float> scores(rows * matrix_.out());
    matrix_.Multiply(left, nullptr, {.fp32 = scores.data()});
    std::vector<int64_t> order(matrix_.out());
    for (int64_t row = 0; row < rows; ++row) {
      Select(scores.data() + row * matrix_.out(), begin + row, order);
    }
  }

  TopHits hits;

 private:
  void Select(const float* scores, int64_t query, std::vector<int64_t>& order) {
    std::iota(order.begin(), order.end(), 0);
    std::partial_sort(order.begin(), order.begin() + hits.k, order.end(), [&](int64_t a, int64_t b) {
      if (scores[a] != scores[b]) return scores[a] > scores[b];
      return a < b;
    });
    for (int64_t i = 0; i < hits.k; ++i) {
      hits.documents[query * hits.k + i] = order[i];
      hits.scores[query * hits.k + i] = scores[order[i]];
    }
  }

  const PackedMatrix matrix_;
  const absl::Span<const float> queries_;
  const int64_t dim_, num_queries_;
};

}  // namespace

TopHits FindTopHits(absl::Span<const float> documents, absl::Span<const float> queries, int64_t dim,
                    int64_t k, ThreadPool& pool, absl::Span<const float> offsets) {
  SENVEC_CHECK(dim > 0 && k > 0 && !documents.empty() && documents.size() % dim == 0 &&
               queries.size() % dim == 0 && (offsets.empty() || offsets.size() * dim == documents.size()));
  Search search(documents, queries, dim, k, offsets);
  pool.ParallelFor(search.num_blocks(), [&](size_t block) { search.RunBlock(block); });
  return std::move(search.hits);
}

}  // namespace senvec
