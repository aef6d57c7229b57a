#pragma once

#include <cstddef>
#include <memory>
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
  // `num_threads` ≥ 1 counts the calling thread: a pool of 1 starts none and runs everything in the caller. nodes: see
  // CpuBudget; the threads that the pool starts are shared out over these lists of CPUs and stay there, where the system
  // lets them. Callers stay where they are.
  explicit ThreadPool(int num_threads, const std::vector<std::vector<int>>& nodes = {});
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int num_threads() const { return num_threads_; }

  // Calls body(i) once for every i in [0, n), in any order and on any thread, and returns when all are done.
  // `body` must not throw.
  void ParallelFor(size_t n, absl::FunctionRef<void(size_t)> body);

  // A pool of `num_threads`, 0 for as many as this process may use at once, placed as ReadCpuBudget() says.
  static std::unique_ptr<ThreadPool> ForThisProcess(int num_threads);
  // The number of threads that ReadCpuBudget() gives.
  static int AvailableCpus();

 private:
  struct Loop;
  // cpus: where to stay; empty for anywhere.
  void WorkerMain(const std::vector<int>& cpus);
  static void RunItems(Loop& loop);

  const int num_threads_;
  Mutex mutex_;
  std::vector<Loop*> loops_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace senvec
