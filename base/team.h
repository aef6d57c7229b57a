#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/functional/function_ref.h"

namespace senvec {

class ThreadPool;

// Threads that work through one short computation of many small steps together. They spin between the steps, which
// costs a fraction of a microsecond where sleeping and waking costs fifty.
//
// For() is called by the leader only, one call after the other.
class Team {
 public:
  // A team of the calling thread alone.
  Team() = default;
  // Runs lead(team) on one thread of the pool, the caller's if no other is free, while the others that are free help.
  // Returns when it has returned. No helper is needed: a busy pool gives a team of one.
  static void Run(ThreadPool& pool, absl::FunctionRef<void(Team&)> lead);

  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  // At most this many threads, each with a slot of its own in [0, slots()), for buffers.
  int slots() const { return slots_; }

  // Calls body(i, slot) once for every i in [0, n), n ≤ kMaxItems, and returns when all are done; two bodies at work
  // at once have different slots.
  void For(size_t n, absl::FunctionRef<void(size_t item, size_t slot)> body);

  static constexpr size_t kMaxItems = (size_t{1} << 20) - 1;

 private:
  explicit Team(int slots) : slots_(slots) {}
  void Help(size_t slot);
  // Takes items of the step at hand until none is left.
  void TakeItems(size_t slot);

  int slots_ = 1;
  // The step at hand: its number, how many items it has and how many were taken, in one word, so that an item is
  // taken from the step it was seen in or not at all.
  std::atomic<uint64_t> ticket_{0};
  std::atomic<size_t> finished_{0};
  std::atomic<bool> ended_{false};
  uint64_t step_ = 0;                                            // the leader's
  const absl::FunctionRef<void(size_t, size_t)>* body_ = nullptr;  // of the step at hand; set before its ticket
};

}  // namespace senvec
