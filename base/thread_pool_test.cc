#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <thread>
#include <vector>

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

TEST(ThreadPoolTest, AvailableCpusIsPositive) { EXPECT_GE(ThreadPool::AvailableCpus(), 1); }

}  // namespace
}  // namespace senvec
