#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "base/mutex.h"

namespace senvec {

// Runs tasks on threads of its own, in the order they come: for work on collections that would hold up a network
// thread. Thread-safe.
class WorkQueue {
 public:
  WorkQueue(int num_threads, size_t max_tasks);
  // Runs what is queued, then joins.
  ~WorkQueue();
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  // ResourceExhausted when max_tasks wait; Unavailable after Shutdown(). The task did not run then.
  absl::Status Submit(std::function<void()> task);
  // Takes no more, runs what is queued, and returns when it is done. May be called more than once.
  void Shutdown();

 private:
  void ThreadMain();

  const size_t max_tasks_;
  Mutex mutex_;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace senvec
