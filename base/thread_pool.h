#pragma once

#include <cstddef>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "base/mutex.h"

namespace senvec {

// A fixed set of threads. One pool is made by the program and passed to what needs it.
//
// Thread-safe. ParallelFor() from several threads at once is fine: their items share the workers, and each caller
// works on its own items too, so that a call never waits for a free worker.
class ThreadPool {
 public:
  // `num_threads` ≥ 1 counts the calling thread: a pool of 1 starts none and runs everything in the caller.
  explicit ThreadPool(int num_threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int num_threads() const { return num_threads_; }

  // Calls body(i) once for every i in [0, n), in any order and on any thread, and returns when all are done.
  // `body` must not throw.
  void ParallelFor(size_t n, absl::FunctionRef<void(size_t)> body);

  // The number of CPUs this process may use: the affinity mask, cut by the cgroup's CPU quota, at least 1.
  static int AvailableCpus();

 private:
  struct Loop;
  void WorkerMain();
  static void RunItems(Loop& loop);

  const int num_threads_;
  Mutex mutex_;
  std::vector<Loop*> loops_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace senvec
