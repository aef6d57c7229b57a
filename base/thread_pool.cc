#include "base/thread_pool.h"

#include <sched.h>

#include <algorithm>
#include <atomic>

#include "base/check.h"
#include "base/cpu_budget.h"

namespace senvec {

struct ThreadPool::Loop {
  size_t n;
  const absl::FunctionRef<void(size_t)>* body;
  // Relaxed is enough: it only hands out numbers; results are ordered by `helpers` under the mutex.
  std::atomic<size_t> next{0};
  int helpers = 0;  // Workers inside this loop; guarded by the pool's mutex.
};

namespace {

// Linux gives a new thread the mask of the one that made it; where a CPU has gone offline since, the old mask stays.
void StayOn(const std::vector<int>& cpus) {
  if (cpus.empty()) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  for (int cpu : cpus) {
    if (cpu < CPU_SETSIZE) CPU_SET(cpu, &set);
  }
  static_cast<void>(sched_setaffinity(0, sizeof(set), &set));
}

}  // namespace

ThreadPool::ThreadPool(int num_threads, const std::vector<std::vector<int>>& nodes) : num_threads_(num_threads) {
  SENVEC_CHECK(num_threads >= 1);
  for (int i = 1; i < num_threads; ++i) {
    // In turn, so that a few threads more than one node has CPUs do not crowd it.
    threads_.emplace_back([this, cpus = nodes.empty() ? std::vector<int>() : nodes[i % nodes.size()]] { WorkerMain(cpus); });
  }
}

ThreadPool::~ThreadPool() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
  }
  for (std::thread& thread : threads_) thread.join();
}

void ThreadPool::RunItems(Loop& loop) {
  while (true) {
    const size_t i = loop.next.fetch_add(1, std::memory_order_relaxed);
    if (i >= loop.n) return;
    (*loop.body)(i);
  }
}

void ThreadPool::WorkerMain(const std::vector<int>& cpus) {
  StayOn(cpus);
  MutexLock lock(&mutex_);
  while (true) {
    mutex_.Await([this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return stopping_ || !loops_.empty(); });
    if (stopping_) return;
    Loop* loop = loops_.back();
    ++loop->helpers;
    mutex_.Unlock();
    RunItems(*loop);
    mutex_.Lock();
    --loop->helpers;
    // Its items are handed out: nobody else needs to join.
    loops_.erase(std::remove(loops_.begin(), loops_.end(), loop), loops_.end());
  }
}

void ThreadPool::ParallelFor(size_t n, absl::FunctionRef<void(size_t)> body) {
  if (n == 0) return;
  if (n == 1 || num_threads_ == 1) {
    for (size_t i = 0; i < n; ++i) body(i);
    return;
  }
  Loop loop{.n = n, .body = &body};
  {
    MutexLock lock(&mutex_);
    loops_.insert(loops_.begin(), &loop);
  }
  RunItems(loop);
  MutexLock lock(&mutex_);
  loops_.erase(std::remove(loops_.begin(), loops_.end(), &loop), loops_.end());
  mutex_.Await([&loop] { return loop.helpers == 0; });
}

std::unique_ptr<ThreadPool> ThreadPool::ForThisProcess(int num_threads) {
  const CpuBudget budget = ReadCpuBudget();
  // More threads than there are CPUs for are somebody's wish, and placed by the system.
  const bool placed = num_threads == 0 || num_threads <= budget.threads;
  return std::make_unique<ThreadPool>(num_threads > 0 ? num_threads : budget.threads,
                                      placed ? budget.nodes : std::vector<std::vector<int>>());
}

int ThreadPool::AvailableCpus() { return ReadCpuBudget().threads; }

}  // namespace senvec
