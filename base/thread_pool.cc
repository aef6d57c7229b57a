#include "base/thread_pool.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <fstream>
#include <string>

#include "base/check.h"

namespace senvec {

struct ThreadPool::Loop {
  size_t n;
  const absl::FunctionRef<void(size_t)>* body;
  // Relaxed is enough: it only hands out numbers; results are ordered by `helpers` under the mutex.
  std::atomic<size_t> next{0};
  int helpers = 0;  // Workers inside this loop; guarded by the pool's mutex.
};

ThreadPool::ThreadPool(int num_threads) : num_threads_(num_threads) {
  SENVEC_CHECK(num_threads >= 1);
  for (int i = 1; i < num_threads; ++i) threads_.emplace_back([this] { WorkerMain(); });
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

void ThreadPool::WorkerMain() {
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

int ThreadPool::AvailableCpus() {
  int cpus = 1;
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) cpus = std::max(1, CPU_COUNT(&set));
  // cgroup v2: "max 100000" or "150000 100000" (quota and period in microseconds).
  std::ifstream cgroup("/sys/fs/cgroup/cpu.max");
  std::string quota;
  double period = 0;
  if (cgroup >> quota >> period && quota != "max" && period > 0) {
    const double limit = std::strtod(quota.c_str(), nullptr) / period;
    if (limit > 0) cpus = std::min(cpus, std::max(1, static_cast<int>(std::ceil(limit))));
  }
  return cpus;
}

}  // namespace senvec
