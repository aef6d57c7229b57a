#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace senvec {

// The smallest `limit` of the keys that it is given (candidate_pool.h), for scans: costs a comparison for most.
class NearestKeys {
 public:
  void Reset(size_t limit) {
    limit_ = limit;
    bound_ = ~uint64_t{0};
    keys_.clear();
  }
  // What is not below this cannot enter.
  uint64_t bound() const { return bound_; }
  void Add(uint64_t key) {
    if (key >= bound_) return;
    keys_.push_back(key);
    if (keys_.size() >= 2 * limit_ + 64) Shrink();
  }
  // Sorted.
  const std::vector<uint64_t>& Finish() {
    if (keys_.size() > limit_) Shrink();
    std::sort(keys_.begin(), keys_.end());
    return keys_;
  }

 private:
  void Shrink() {
    std::nth_element(keys_.begin(), keys_.begin() + static_cast<ptrdiff_t>(limit_), keys_.end());
    bound_ = keys_[limit_];
    keys_.resize(limit_);
  }

  size_t limit_ = 0;
  uint64_t bound_ = ~uint64_t{0};
  std::vector<uint64_t> keys_;
};

}  // namespace senvec
