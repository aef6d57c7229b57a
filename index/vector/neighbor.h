#pragma once

#include <cstdint>

namespace senvec {

struct Neighbor {
  int64_t id = 0;
  float score = 0;  // Higher is nearer whatever the metric: cosine, inner product, or minus the squared L2 distance.
  friend bool operator==(const Neighbor&, const Neighbor&) = default;
};

}  // namespace senvec
