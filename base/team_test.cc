#include "base/team.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "base/thread_pool.h"

namespace senvec {
namespace {

TEST(TeamTest, EveryItemOfEveryStepRunsOnceAndInOrderOfSteps) {
  for (int threads : {1, 2, 4}) {
    ThreadPool pool(threads);
    constexpr size_t kItems = 37;
    std::vector<int> counts(kItems, 0);
    Team::Run(pool, [&](Team& team) {
      EXPECT_EQ(team.slots(), threads);
      for (int step = 0; step < 500; ++step) {
        // What a step reads is what the one before it wrote, by whichever thread.
        team.For(kItems, [&](size_t i, size_t) {
          EXPECT_EQ(counts[i], step);
          ++counts[i];
        });
      }
    });
    for (int count : counts) EXPECT_EQ(count, 500);
  }
}

TEST(TeamTest, TwoBodiesAtOnceHaveDifferentSlots) {
  ThreadPool pool(3);
  std::vector<std::atomic<int>> inside(3);
  Team::Run(pool, [&](Team& team) {
    for (int step = 0; step < 200; ++step) {
      team.For(9, [&](size_t, size_t slot) {
        ASSERT_LT(slot, 3u);
        EXPECT_EQ(inside[slot].fetch_add(1), 0);
        inside[slot].fetch_sub(1);
      });
    }
  });
}

TEST(TeamTest, StepsOfNoneAndOneItemAreFine) {
  ThreadPool pool(2);
  int ran = 0;
  Team::Run(pool, [&](Team& team) {
    team.For(0, [&](size_t, size_t) { ++ran; });
    team.For(1, [&](size_t, size_t) { ++ran; });
  });
  EXPECT_EQ(ran, 1);
}

TEST(TeamTest, TeamsOfSeveralCallersShareOnePool) {
  ThreadPool pool(2);
  std::atomic<int> total{0};
  std::vector<std::thread> callers;
  for (int t = 0; t < 3; ++t) {
    callers.emplace_back([&] {
      for (int round = 0; round < 20; ++round) {
        Team::Run(pool, [&](Team& team) {
          for (int step = 0; step < 10; ++step) team.For(5, [&](size_t, size_t) { ++total; });
        });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(total, 3 * 20 * 10 * 5);
}

TEST(TeamTest, OneThreadAloneIsATeam) {
  Team team;
  int sum = 0;
  team.For(4, [&](size_t i, size_t slot) {
    EXPECT_EQ(slot, 0u);
    sum += static_cast<int>(i);
  });
  EXPECT_EQ(sum, 6);
}

}  // namespace
}  // namespace senvec
