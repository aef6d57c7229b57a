#include "encoder/tokenizer/double_array.h"

#include <algorithm>

#include "base/check.h"

namespace senvec {

class DoubleArray::Builder {
 public:
  explicit Builder(std::vector<Key> keys) : keys_(std::move(keys)) {
    std::sort(keys_.begin(), keys_.end());
    Reserve(256);
    nodes_[kRoot].parent = ~uint32_t{0};
  }

  std::vector<Node> Run() {
    Place(kRoot, 0, keys_.size(), 0);
    // Every step may look 255 past the base of the last node.
    nodes_.resize(nodes_.size() + 256);
    return std::move(nodes_);
  }

 private:
  struct Child {
    unsigned char byte;
    size_t begin, end;  // its keys
  };

  void Reserve(size_t size) {
    if (nodes_.size() < size) nodes_.resize(std::max(size, nodes_.size() + nodes_.size() / 2));
  }

  // Lays out the children of `node`, whose keys [begin, end) agree in their first `depth` bytes.
  void Place(uint32_t node, size_t begin, size_t end, size_t depth) {
    if (begin < end && keys_[begin].first.size() == depth) {
      nodes_[node].value = keys_[begin].second;
      ++begin;
      SENVEC_CHECK((begin == end || keys_[begin].first.size() > depth) && "keys must differ");
    }
    if (begin == end) return;
    std::vector<Child> children;
    for (size_t i = begin; i < end; ++i) {
      const auto byte = static_cast<unsigned char>(keys_[i].first[depth]);
      if (children.empty() || children.back().byte != byte) children.push_back({byte, i, i});
      children.back().end = i + 1;
    }
    const uint32_t base = FindBase(children);
    nodes_[node].base = base;
    for (const Child& child : children) nodes_[base + child.byte].parent = node + 1;
    for (const Child& child : children) Place(base + child.byte, child.begin, child.end, depth + 1);
  }

  // The lowest base from the hint on whose places are all free.
  uint32_t FindBase(const std::vector<Child>& children) {
    while (nodes_.size() <= first_free_ || nodes_[first_free_].parent != 0) {
      Reserve(first_free_ + 2);
      if (nodes_[first_free_].parent != 0) ++first_free_;
    }
    const uint32_t lowest = children.front().byte;
    uint32_t place = std::max<uint32_t>(first_free_, lowest + 1);
    uint32_t occupied = 0;
    for (;; ++place) {
      Reserve(place + 257);
      const uint32_t base = place - lowest;
      if (nodes_[place].parent != 0) {
        ++occupied;
        continue;
      }
      const bool fits = std::all_of(children.begin(), children.end(),
                                    [&](const Child& child) { return nodes_[base + child.byte].parent == 0; });
      if (fits) {
        // A stretch that is nearly full is not searched again.
        if (occupied * 20 >= (place - first_free_ + 1) * 19) first_free_ = place;
        return base;
      }
    }
  }

  std::vector<Key> keys_;
  std::vector<Node> nodes_;
  uint32_t first_free_ = 1;
};

DoubleArray DoubleArray::Build(std::vector<Key> keys) {
  DoubleArray trie;
  trie.nodes_ = Builder(std::move(keys)).Run();
  return trie;
}

int32_t DoubleArray::Find(absl::string_view key) const {
  uint32_t node = kRoot;
  for (char c : key) {
    if (!Step(node, static_cast<unsigned char>(c))) return kNoValue;
  }
  return Value(node);
}

}  // namespace senvec
