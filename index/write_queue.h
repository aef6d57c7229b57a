#pragma once

#include <deque>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "base/mutex.h"
#include "index/write_session.h"

namespace senvec {

// One call's changes.
struct PendingWrite {
  absl::FunctionRef<absl::Status(WriteSession&)> stage;
  bool durable = true;
  absl::Status result;
};

// Brings writers into one line, and those that wait into one write: the first in line writes for all behind it, so that
// they share a sync of the disk.
//
// Thread-safe.
class WriteQueue {
 public:
  // Called by one thread at a time with one or more writes; sets every result.
  using Perform = absl::FunctionRef<void(absl::Span<PendingWrite* const>)>;

  // Returns when `write` was performed, by this thread or another; its result.
  absl::Status Submit(PendingWrite& write, Perform perform);
  // Calls `body` when no write is at work, and keeps writers waiting meanwhile.
  void Exclusively(absl::FunctionRef<void()> body);

 private:
  struct Entry {
    PendingWrite* write;  // null = exclusive
    bool is_done = false;
  };
  std::deque<Entry*> TakeGroup() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Mutex mutex_;
  std::deque<Entry*> line_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace senvec
