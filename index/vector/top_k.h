#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "index/vector/neighbor.h"

namespace senvec {

// The order of every answer: best first, ties by ascending row.
inline bool IsNearer(const Neighbor& a, const Neighbor& b) {
  return a.score > b.score || (a.score == b.score && a.id < b.id);
}

// Keeps the k nearest of what it is given; costs a comparison for most rows and constant time for the rest.
class TopK {
 public:
  // Nothing below `floor` is kept.
  explicit TopK(size_t k, float floor = -std::numeric_limits<float>::infinity())
      : k_(k), limit_(k + std::max<size_t>(k, 64)), floor_(floor) {}

  // A score below this can not be kept any more; an equal one only where its row is smaller.
  float threshold() const { return floor_; }

  // A score that is not a number is never kept.
  void Add(int64_t row, float score) {
    if (!(score >= floor_)) return;
    if (full_ && score == floor_ && row > last_) return;
    found_.push_back({row, score});
    if (found_.size() == limit_) Shrink();
  }

  // What was kept, in order; leaves nothing.
  std::vector<Neighbor> Take() {
    if (found_.size() > k_) Shrink();
    std::sort(found_.begin(), found_.end(), IsNearer);
    return std::move(found_);
  }

 private:
  void Shrink() {
    std::nth_element(found_.begin(), found_.begin() + static_cast<ptrdiff_t>(k_ - 1), found_.end(), IsNearer);
    found_.resize(k_);
    full_ = true;
    floor_ = found_.back().score;
    last_ = found_.back().id;
  }

  const size_t k_, limit_;
  float floor_;
  bool full_ = false;   // floor_ is the score of the k-th, and last_ its row
  int64_t last_ = 0;
  std::vector<Neighbor> found_;
};

}  // namespace senvec
