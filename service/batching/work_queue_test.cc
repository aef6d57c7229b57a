#include "service/batching/work_queue.h"
#include "tests/support/notification.h"

#include <gmock/gmock.h>

#include <atomic>


namespace senvec {
namespace {

TEST(WorkQueueTest, RunsEveryTask) {
  std::atomic<int> sum = 0;
  {
    WorkQueue queue(3, 1000);
    for (int i = 1; i <= 100; ++i) ASSERT_TRUE(queue.Submit([&sum, i] { sum += i; }).ok());
  }
  EXPECT_EQ(sum, 5050);
}

TEST(WorkQueueTest, RefusesMoreThanItsLimit) {
  WorkQueue queue(1, 2);
  Notification started, go;
  ASSERT_TRUE(queue.Submit([&] {
                     started.Notify();
                     go.WaitForNotification();
                   }).ok());
  started.WaitForNotification();
  EXPECT_TRUE(queue.Submit([] {}).ok());
  EXPECT_TRUE(queue.Submit([] {}).ok());
  EXPECT_EQ(queue.Submit([] {}).code(), absl::StatusCode::kResourceExhausted);
  go.Notify();
}

TEST(WorkQueueTest, FinishesWhatIsQueuedAndTakesNoMoreAfterShutdown) {
  int ran = 0;
  WorkQueue queue(1, 10);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(queue.Submit([&] { ++ran; }).ok());
  queue.Shutdown();
  EXPECT_EQ(ran, 5);
  EXPECT_EQ(queue.Submit([] {}).code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace senvec
