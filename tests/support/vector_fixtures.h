#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "index/vector/vector_index.h"

namespace senvec {

// Rows in memory as a source for a build.
class RowsInMemory : public RowSource {
 public:
  RowsInMemory(std::vector<float> rows, int32_t dim) : rows_(std::move(rows)), dim_(dim) {}

  int64_t num_rows() const override { return static_cast<int64_t>(rows_.size()) / dim_; }
  absl::Status Read(int64_t first, int64_t count, absl::Span<float> out) const override {
    std::copy_n(rows_.begin() + first * dim_, count * dim_, out.begin());
    return absl::OkStatus();
  }
  const std::vector<float>& rows() const { return rows_; }

 private:
  std::vector<float> rows_;
  int64_t dim_;
};

// Points around `clusters` centres, as sentence vectors are. The centres are the same for every seed.
inline std::vector<float> ClusteredRows(int64_t n, int32_t dim, uint32_t seed, int clusters = 20) {
  std::mt19937 centres(99), engine(seed);
  std::normal_distribution<float> normal;
  std::vector<float> centre(static_cast<size_t>(clusters * dim)), rows(static_cast<size_t>(n * dim));
  for (float& value : centre) value = normal(centres);
  for (int64_t i = 0; i < n; ++i) {
    const size_t c = engine() % static_cast<size_t>(clusters);
    for (int32_t d = 0; d < dim; ++d) {
      rows[static_cast<size_t>(i * dim + d)] = centre[c * static_cast<size_t>(dim) + static_cast<size_t>(d)] + 0.4f * normal(engine);
    }
  }
  return rows;
}

// The score by its definition, in double.
inline double TrueScore(Metric metric, const float* a, const float* b, int32_t dim) {
  double dot = 0, aa = 0, bb = 0, l2 = 0;
  for (int32_t d = 0; d < dim; ++d) {
    dot += double{a[d]} * b[d];
    aa += double{a[d]} * a[d];
    bb += double{b[d]} * b[d];
    l2 += (double{a[d]} - b[d]) * (double{a[d]} - b[d]);
  }
  if (metric == Metric::kL2) return -l2;
  return metric == Metric::kCosine ? dot / std::sqrt(aa * bb) : dot;
}

// The scores of all rows with one query.
inline std::vector<double> TrueScores(Metric metric, const std::vector<float>& rows, const float* query, int32_t dim) {
  std::vector<double> scores;
  for (size_t row = 0; row < rows.size() / static_cast<size_t>(dim); ++row) {
    scores.push_back(TrueScore(metric, query, rows.data() + row * static_cast<size_t>(dim), dim));
  }
  return scores;
}

// The share of the k best scores that `found` reaches; one that ties with the k-th counts as found.
inline double RecallOf(const std::vector<Neighbor>& found, const std::vector<double>& scores, size_t k,
                       const RowFilter* allowed = nullptr) {
  std::vector<double> best;
  for (size_t row = 0; row < scores.size(); ++row) {
    if (allowed == nullptr || allowed->Allows(static_cast<int64_t>(row))) best.push_back(scores[row]);
  }
  k = std::min(k, best.size());
  if (k == 0) return 1;
  std::nth_element(best.begin(), best.begin() + static_cast<ptrdiff_t>(k - 1), best.end(), std::greater<>());
  const double last = best[k - 1] - 1e-6 * std::max(1.0, std::abs(best[k - 1]));
  size_t hits = 0;
  for (const Neighbor& neighbor : found) hits += scores[static_cast<size_t>(neighbor.id)] >= last;
  return static_cast<double>(std::min(hits, k)) / static_cast<double>(k);
}

}  // namespace senvec
