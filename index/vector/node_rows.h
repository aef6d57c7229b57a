#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "index/vector/row_filter.h"

namespace senvec {

// Which rows a node stands for: one, or some that have the same codes. A view of what is checked when a file is opened.
class NodeRows {
 public:
  // places: the row of each node, then the rows of repeats; repeats: pairs of a node and where its rows begin.
  NodeRows(absl::Span<const uint32_t> places, absl::Span<const uint32_t> repeats, size_t num_nodes)
      : places_(places), repeats_(repeats), num_nodes_(num_nodes), repeated_((num_nodes + 63) / 64) {
    for (size_t i = 0; i < repeats.size(); i += 2) repeated_[repeats[i] / 64] |= uint64_t{1} << repeats[i] % 64;
  }

  size_t num_nodes() const { return num_nodes_; }
  uint32_t First(uint32_t node) const { return places_[node]; }
  // The node's rows besides the first.
  absl::Span<const uint32_t> Others(uint32_t node) const {
    if ((repeated_[node / 64] >> node % 64 & 1) == 0) return {};
    size_t low = 0, high = repeats_.size() / 2;
    while (high - low > 1) {
      const size_t middle = (low + high) / 2;
      (repeats_[2 * middle] <= node ? low : high) = middle;
    }
    const size_t begin = repeats_[2 * low + 1];
    const size_t end = 2 * low + 3 < repeats_.size() ? repeats_[2 * low + 3] : places_.size();
    return places_.subspan(begin, end - begin);
  }
  bool Allowed(uint32_t node, const RowFilter& filter) const {
    if (filter.Allows(First(node))) return true;
    for (uint32_t row : Others(node)) {
      if (filter.Allows(row)) return true;
    }
    return false;
  }
  // The node of each row.
  std::vector<uint32_t> NodesOfRows() const {
    std::vector<uint32_t> nodes(places_.size());
    for (uint32_t node = 0; node < num_nodes_; ++node) {
      nodes[First(node)] = node;
      for (uint32_t row : Others(node)) nodes[row] = node;
    }
    return nodes;
  }
  size_t bytes() const { return (places_.size() + repeats_.size()) * sizeof(uint32_t) + repeated_.size() * 8; }

 private:
  absl::Span<const uint32_t> places_, repeats_;
  size_t num_nodes_;
  std::vector<uint64_t> repeated_;  // a bit a node
};

}  // namespace senvec
