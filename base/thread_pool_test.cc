#include "base/thread_pool.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <numeric>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace senvec {
namespace {

TEST(ThreadPoolTest, EveryItemRunsOnce) {
  for (int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    for (size_t n : {0u, 1u, 2u, 7u, 1000u}) {
      std::vector<int> seen(n, 0);
      pool.ParallelFor(n, [&](size_t i) { ++seen[i]; });
      EXPECT_EQ(std::accumulate(seen.begin(), seen.end(), 0), static_cast<int>(n));
    }
  }
}

TEST(ThreadPoolTest, CallersAtOnceAndNestedCallsFinish) {
  ThreadPool pool(3);
  std::atomic<int> total{0};
  std::vector<std::thread> callers;
  for (int t = 0; t < 4; ++t) {
    callers.emplace_back([&] {
      for (int round = 0; round < 50; ++round) {
        pool.ParallelFor(8, [&](size_t) { pool.ParallelFor(3, [&](size_t) { ++total; }); });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(total, 4 * 50 * 8 * 3);
}

TEST(ThreadPoolTest, WorkersStayOnTheirNodesCpus) {
  cpu_set_t own;
  ASSERT_EQ(sched_getaffinity(0, sizeof(own), &own), 0);
  int first = 0;
  while (!CPU_ISSET(first, &own)) ++first;
  ThreadPool pool(3, {{first}});
  const std::thread::id caller = std::this_thread::get_id();
  std::atomic<int> elsewhere{0}, workers{0};
  pool.ParallelFor(8, [&](size_t) {
    if (std::this_thread::get_id() == caller) {
      // The caller could take all items before a worker wakes up.
      for (int ms = 0; ms < 30000 && workers == 0; ++ms) absl::SleepFor(absl::Milliseconds(1));
      return;
    }
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) != 0 || CPU_COUNT(&set) != 1 || !CPU_ISSET(first, &set)) ++elsewhere;
    ++workers;
  });
  EXPECT_GT(workers, 0);
  EXPECT_EQ(elsewhere, 0);
}

TEST(ThreadPoolTest, ForThisProcessTakesTheNumberAskedForOrTheBudget) {
  EXPECT_EQ(ThreadPool::ForThisProcess(3)->num_threads(), 3);
  EXPECT_EQ(ThreadPool::ForThisProcess(0)->num_threads(), ThreadPool::AvailableCpus());
}

TEST(ThreadPoolTest, AvailableCpusIsPositive) { EXPECT_GE(ThreadPool::AvailableCpus(), 1); }

}  // namespace
}  // namespace senvec
