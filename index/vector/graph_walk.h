#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "index/vector/candidate_pool.h"
#include "index/vector/code_table.h"
#include "index/vector/graph.h"

namespace senvec {

// What one walk at a time needs; a thread keeps it for the next.
struct WalkScratch {
  CandidatePool pool;
  std::vector<uint64_t> frontier;  // of filtered walks
  VisitedSet visited;
  uint32_t fresh[kMostMeasured];
  Rank ranks[kMostMeasured];
};

// From `node` to the node of this level that has no nearer neighbour.
template <typename Measure>
uint32_t Descend(const Measure& measure, const typename Measure::Query& query, const GraphLevel& level, uint32_t node,
                 WalkScratch& scratch) {
  Rank best;
  measure.Measure(query, &node, 1, &best);
  while (true) {
    const uint32_t* const links = level.of(node);
    size_t count = 0;
    while (count < level.degree && links[count] != kNoNode) ++count;
    measure.Measure(query, links, count, scratch.ranks);
    bool moved = false;
    for (size_t i = 0; i < count; ++i) {
      if (scratch.ranks[i] <= best) continue;
      best = scratch.ranks[i];
      node = links[i];
      moved = true;
    }
    if (!moved) return node;
  }
}

inline void PrefetchLinks(const GraphLevel& level, uint32_t node) {
  const char* const links = reinterpret_cast<const char*>(level.of(node));
  for (size_t at = 0; at < level.degree * sizeof(uint32_t); at += 64) __builtin_prefetch(links + at);
}

// Puts the links that were not visited yet into scratch.fresh, asks for their codes, and returns how many there are.
template <typename Measure>
size_t TakeFresh(const Measure& measure, const GraphLevel& level, const uint32_t* links, WalkScratch& scratch) {
  size_t count = 0;
  for (size_t i = 0; i < level.degree && links[i] != kNoNode; ++i) {
    scratch.fresh[count] = links[i];
    if (!scratch.visited.Insert(links[i])) continue;
    measure.Prefetch(links[i]);
    ++count;
  }
  return count;
}

// Leaves the nearest nodes of this level that a walk from the seeds, which are in the pool and the visited set already,
// meets.
template <typename Measure>
void WalkLevel(const Measure& measure, const typename Measure::Query& query, const GraphLevel& level,
               WalkScratch& scratch) {
  CandidatePool& pool = scratch.pool;
  uint32_t node;
  while (pool.Next(node)) {
    const uint32_t* const links = level.of(node);
    const size_t count = TakeFresh(measure, level, links, scratch);
    // What comes next unless one of these is nearer.
    if (uint32_t next; pool.Peek(next)) PrefetchLinks(level, next);
    measure.Measure(query, scratch.fresh, count, scratch.ranks);
    const uint32_t* const fresh = scratch.fresh;
    for (size_t i = 0; i < count; ++i) {
      const uint64_t key = CandidateKey::Make(scratch.ranks[i], fresh[i]);
      if (key < pool.bound()) pool.Insert(key);
    }
  }
}

// The same, but only nodes that allow(node) are kept; the others lead on. Ends when the nearest node that was not
// followed is farther than all that are kept, or when more than `most` nodes were measured: false then.
template <typename Measure, typename Allow>
bool WalkAllowed(const Measure& measure, const typename Measure::Query& query, const GraphLevel& level, uint32_t entry,
                 size_t ef, size_t most, const Allow& allow, WalkScratch& scratch) {
  CandidatePool& pool = scratch.pool;
  std::vector<uint64_t>& frontier = scratch.frontier;  // a heap, the nearest in front
  pool.Reset(ef);
  frontier.clear();
  scratch.visited.Insert(entry);
  scratch.fresh[0] = entry;
  size_t measured = 0;
  for (size_t count = 1;;) {
    measure.Measure(query, scratch.fresh, count, scratch.ranks);
    measured += count;
    for (size_t i = 0; i < count; ++i) {
      const uint64_t key = CandidateKey::Make(scratch.ranks[i], scratch.fresh[i]);
      if (key >= pool.bound()) continue;
      frontier.push_back(key);
      std::push_heap(frontier.begin(), frontier.end(), std::greater<>());
      if (allow(scratch.fresh[i])) pool.Insert(key);
    }
    count = 0;
    if (frontier.empty() || frontier.front() > pool.bound() || measured > most) break;
    std::pop_heap(frontier.begin(), frontier.end(), std::greater<>());
    const uint32_t* const links = level.of(CandidateKey::Node(frontier.back()));
    frontier.pop_back();
    count = TakeFresh(measure, level, links, scratch);
  }
  scratch.visited.Clear();
  return measured <= most;
}

// A walk of `ef` candidates from one node.
template <typename Measure>
void WalkFrom(const Measure& measure, const typename Measure::Query& query, const GraphLevel& level, uint32_t entry,
              size_t ef, WalkScratch& scratch) {
  scratch.pool.Reset(ef);
  scratch.visited.Insert(entry);
  Rank rank;
  measure.Measure(query, &entry, 1, &rank);
  scratch.pool.Insert(CandidateKey::Make(rank, entry));
  WalkLevel(measure, query, level, scratch);
  scratch.visited.Clear();
}

}  // namespace senvec
