#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace senvec {

// A trie of byte strings in two arrays (Aoe, 1989): a step is one addition and one comparison. Immutable after
// Build(), safe for concurrent use.
class DoubleArray {
 public:
  using Key = std::pair<absl::string_view, int32_t>;  // string, value ≥ 0

  static constexpr uint32_t kRoot = 0;
  static constexpr int32_t kNoValue = -1;

  // Keys must differ and must not be empty; any order.
  static DoubleArray Build(std::vector<Key> keys);

  // Moves `node` along `byte`; false, leaving it alone, when there is no such child.
  bool Step(uint32_t& node, unsigned char byte) const {
    const uint32_t child = nodes_[node].base + byte;
    if (nodes_[child].parent != node + 1) return false;
    node = child;
    return true;
  }
  int32_t Value(uint32_t node) const { return nodes_[node].value; }
  // The value of exactly `key`, or kNoValue.
  int32_t Find(absl::string_view key) const;

 private:
  struct Node {
    uint32_t base = 0;    // children stand at base + byte
    uint32_t parent = 0;  // index + 1; 0 = free
    int32_t value = kNoValue;
  };
  class Builder;

  std::vector<Node> nodes_;
};

}  // namespace senvec
