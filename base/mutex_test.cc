#include "base/mutex.h"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>
#include <vector>

namespace senvec {
namespace {

TEST(MutexTest, WritersExcludeEachOther) {
  Mutex mutex;
  int count = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        MutexLock lock(&mutex);
        ++count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, 4000);
}

TEST(MutexTest, ReadersShare) {
  Mutex mutex;
  std::atomic<int> inside = 0;
  const auto read = [&] {
    ReaderMutexLock lock(&mutex);
    ++inside;
    while (inside < 2) std::this_thread::yield();  // ends only with both inside
  };
  std::thread other(read);
  read();
  other.join();
  EXPECT_EQ(inside, 2);
}

TEST(MutexTest, AwaitReturnsWhenTheStateHolds) {
  Mutex mutex;
  int state = 0;
  std::thread other([&] {
    for (int i = 1; i <= 3; ++i) {
      MutexLock lock(&mutex);
      state = i;
    }
  });
  {
    MutexLock lock(&mutex);
    mutex.Await([&] { return state == 3; });
    EXPECT_EQ(state, 3);
  }
  other.join();
}

// Whoever changes the state may go to wait itself instead of unlocking: waiting lets go of the lock all the same.
TEST(MutexTest, AChangeBeforeWaitingIsSeenByOthersWhoWait) {
  Mutex mutex;
  bool other_waits = false, changed = false, seen = false;
  std::thread other([&] {
    MutexLock lock(&mutex);
    other_waits = true;
    mutex.Await([&] { return changed; });
    seen = true;
  });
  {
    MutexLock lock(&mutex);
    mutex.Await([&] { return other_waits; });
    changed = true;
    EXPECT_TRUE(mutex.AwaitFor([&] { return seen; }, absl::Seconds(20)));
  }
  other.join();
}

TEST(MutexTest, AwaitForGivesUp) {
  Mutex mutex;
  MutexLock lock(&mutex);
  EXPECT_FALSE(mutex.AwaitFor([] { return false; }, absl::Milliseconds(1)));
  EXPECT_TRUE(mutex.AwaitFor([] { return true; }, absl::Milliseconds(1)));
}

}  // namespace
}  // namespace senvec
