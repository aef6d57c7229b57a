#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace senvec {

// How near a node is, as an integer: greater is nearer.
using Rank = int32_t;

// Keeps the order of floats that are numbers.
inline Rank RankOf(float score) {
  int32_t bits;
  std::memcpy(&bits, &score, sizeof(bits));
  return bits >= 0 ? bits : bits ^ 0x7fffffff;
}

// A node and its rank in one word that ascends from the nearest on, of equally near ones from the smallest number on.
// The lowest bit says that the node's links were followed.
class CandidateKey {
 public:
  static uint64_t Make(Rank rank, uint32_t node) {
    const uint32_t falling = ~(static_cast<uint32_t>(rank) ^ 0x80000000u);
    return uint64_t{falling} << 32 | uint64_t{node} << 1;
  }
  static uint32_t Node(uint64_t key) { return static_cast<uint32_t>(key) >> 1; }
};

// The nearest `limit` nodes of a walk, sorted, in one array: with the few dozen that most walks keep, moving them is
// cheaper than a heap, and the next one to follow is found by a cursor.
class CandidatePool {
 public:
  void Reset(size_t limit) {
    limit_ = limit;
    if (keys_.size() < limit + 1) keys_.resize(limit + 1);
    size_ = cursor_ = 0;
  }

  size_t size() const { return size_; }
  bool full() const { return size_ == limit_; }
  uint64_t key(size_t i) const { return keys_[i]; }
  uint32_t node(size_t i) const { return CandidateKey::Node(keys_[i]); }
  // What is not below this cannot enter.
  uint64_t bound() const { return full() ? keys_[size_ - 1] : ~uint64_t{0}; }

  void Insert(uint64_t key) {
    if (full()) {
      if (key >= keys_[size_ - 1]) return;
      --size_;
    }
    // Where a new one belongs is seldom known to be near either end.
    uint64_t* const begin = keys_.data();
    const size_t place = static_cast<size_t>(std::upper_bound(begin, begin + size_, key) - begin);
    std::memmove(begin + place + 1, begin + place, (size_ - place) * sizeof(uint64_t));
    begin[place] = key;
    ++size_;
    cursor_ = std::min(cursor_, place);
  }

  // The nearest node that was not followed yet, marked as followed; false when there is none.
  bool Next(uint32_t& node) {
    while (cursor_ < size_ && (keys_[cursor_] & 1) != 0) ++cursor_;
    if (cursor_ == size_) return false;
    node = CandidateKey::Node(keys_[cursor_]);
    keys_[cursor_++] |= 1;
    return true;
  }
  // What Next() would give if nothing came in between, to be asked for early.
  bool Peek(uint32_t& node) const {
    size_t at = cursor_;
    while (at < size_ && (keys_[at] & 1) != 0) ++at;
    if (at == size_) return false;
    node = CandidateKey::Node(keys_[at]);
    return true;
  }

 private:
  std::vector<uint64_t> keys_;
  size_t limit_ = 0, size_ = 0, cursor_ = 0;
};

// Which nodes a walk has met; as good as empty when it begins, without being cleared whole.
class VisitedSet {
 public:
  void Reserve(size_t nodes) {
    if (words_.size() * 64 < nodes) words_.resize((nodes + 63) / 64);
  }
  // Whether the node is new; it is in the set from now on.
  bool Insert(uint32_t node) {
    uint64_t& word = words_[node / 64];
    const uint64_t bit = uint64_t{1} << node % 64;
    if ((word & bit) != 0) return false;
    if (word == 0) touched_.push_back(node / 64);
    word |= bit;
    return true;
  }
  void Clear() {
    for (uint32_t word : touched_) words_[word] = 0;
    touched_.clear();
  }

 private:
  std::vector<uint64_t> words_;
  std::vector<uint32_t> touched_;
};

}  // namespace senvec
