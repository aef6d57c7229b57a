#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace senvec {

// Stands in a node's links for "no more".
inline constexpr uint32_t kNoNode = 0xffffffff;
inline constexpr size_t kMostLevels = 16;

// One level of the graph: nodes [0, num_nodes), each with `degree` places for links, filled from the first on.
struct GraphLevel {
  const uint32_t* links = nullptr;
  size_t degree = 0;
  uint32_t num_nodes = 0;

  const uint32_t* of(uint32_t node) const { return links + size_t{node} * degree; }
};

// Nodes are numbered so that those of a level are the first of the level below; a walk begins at node 0, on top.
// levels[0] holds all.
struct GraphView {
  std::vector<GraphLevel> levels;
};

}  // namespace senvec
