#include "service/rpc/stream_window.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <numeric>
#include <thread>
#include <vector>

#include "service/batching/work_queue.h"
#include "tests/support/notification.h"

namespace senvec {
namespace {

using testing::ElementsAre;

// Notes what it is told to do.
class NotingWire : public StreamWindow<int>::Wire {
 public:
  void StartRead() override { ++reads; }
  void StartWrite(const int& item) override { written.push_back(item); }
  void Finish(const absl::Status& status) override { finished.push_back(status); }

  int reads = 0;
  std::vector<int> written;
  std::vector<absl::Status> finished;
};

class StreamWindowTest : public testing::Test {
 protected:
  void Answer(int item) { window_.OnAnswered(std::make_unique<int>(item)); }

  NotingWire wire_;
  StreamWindow<int> window_{&wire_, 2};
};

TEST_F(StreamWindowTest, ReadsNoFurtherThanTheWindow) {
  window_.Open();
  EXPECT_TRUE(window_.OnRead(true));
  EXPECT_EQ(wire_.reads, 2);
  EXPECT_TRUE(window_.OnRead(true));
  EXPECT_EQ(wire_.reads, 2);  // two are in work
  Answer(1);
  EXPECT_EQ(wire_.reads, 2);  // and still are until one is on the wire
  window_.OnWritten(true);
  EXPECT_EQ(wire_.reads, 3);
}

TEST_F(StreamWindowTest, WritesOneAtATimeAndEndsWhenAllIsWritten) {
  window_.Open();
  window_.OnRead(true);
  window_.OnRead(true);
  Answer(7);
  Answer(8);
  EXPECT_THAT(wire_.written, ElementsAre(7));
  window_.OnWritten(true);
  EXPECT_THAT(wire_.written, ElementsAre(7, 8));
  EXPECT_FALSE(window_.OnRead(false));
  EXPECT_TRUE(wire_.finished.empty());
  window_.OnWritten(true);
  EXPECT_THAT(wire_.finished, ElementsAre(absl::OkStatus()));
}

TEST_F(StreamWindowTest, TheFirstFaultEndsItAfterWhatIsInWork) {
  window_.Open();
  window_.OnRead(true);
  window_.OnRead(true);
  window_.OnFault(absl::InvalidArgumentError("first"));
  EXPECT_TRUE(wire_.finished.empty());
  window_.OnFault(absl::InternalError("second"));
  EXPECT_THAT(wire_.finished, ElementsAre(absl::InvalidArgumentError("first")));
  EXPECT_FALSE(window_.OnRead(true));  // a read that came in between is dropped
  window_.OnCancel();
  EXPECT_EQ(wire_.finished.size(), 1u);
}

TEST_F(StreamWindowTest, AfterACancellationNothingMoreIsWritten) {
  window_.Open();
  window_.OnRead(true);
  window_.OnRead(true);
  Answer(1);
  window_.OnCancel();
  Answer(2);
  window_.OnWritten(false);
  EXPECT_THAT(wire_.written, ElementsAre(1));
  ASSERT_EQ(wire_.finished.size(), 1u);
  EXPECT_EQ(wire_.finished[0].code(), absl::StatusCode::kCancelled);
}

TEST_F(StreamWindowTest, AnEmptyStreamEndsAtOnce) {
  window_.Open();
  EXPECT_FALSE(window_.OnRead(false));
  EXPECT_THAT(wire_.finished, ElementsAre(absl::OkStatus()));
}

// A wire of threads: reads, answers and writes report from several at once, as gRPC and the scheduler do.
class ThreadedWire : public StreamWindow<int>::Wire {
 public:
  ThreadedWire(int num_requests, int window) : num_requests_(num_requests), window_(this, window) {}

  void StartRead() override { Later([this] { Read(); }); }
  void StartWrite(const int& item) override {
    Later([this, &item] {
      written_.push_back(item);
      in_work_.fetch_sub(1);
      window_.OnWritten(true);
    });
  }
  void Finish(const absl::Status& status) override {
    status_ = status;
    finished_.Notify();
  }

  std::vector<int> Run(int fault_at = -1) {
    fault_at_ = fault_at;
    window_.Open();
    finished_.WaitForNotification();
    threads_.Shutdown();
    return written_;
  }
  void Cancel() { window_.OnCancel(); }
  int most_in_work() const { return most_in_work_; }
  const absl::Status& status() const { return status_; }

 private:
  void Later(std::function<void()> task) { static_cast<void>(threads_.Submit(std::move(task))); }
  void Read() {
    const int item = next_;  // one read at a time
    next_ += item < num_requests_;
    if (item < num_requests_) most_in_work_ = std::max(most_in_work_, in_work_.fetch_add(1) + 1);
    if (!window_.OnRead(item < num_requests_)) return;
    Later([this, item] {
      if (item == fault_at_) return window_.OnFault(absl::InternalError("fault"));
      window_.OnAnswered(std::make_unique<int>(item));
    });
  }

  const int num_requests_;
  int fault_at_ = -1;
  int next_ = 0;                // guarded by there being one read at a time, as written_ by one write
  std::vector<int> written_;
  std::atomic<int> in_work_ = 0;
  int most_in_work_ = 0;
  absl::Status status_;
  Notification finished_;
  StreamWindow<int> window_;
  WorkQueue threads_{4, 1 << 20};
};

TEST(StreamWindowThreadsTest, EveryRequestIsAnsweredOnceWithinTheWindow) {
  ThreadedWire wire(2000, 8);
  std::vector<int> written = wire.Run();
  std::sort(written.begin(), written.end());
  std::vector<int> expected(2000);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(written, expected);
  EXPECT_LE(wire.most_in_work(), 8);
  EXPECT_TRUE(wire.status().ok());
}

TEST(StreamWindowThreadsTest, AFaultAmongThreadsEndsItOnce) {
  ThreadedWire wire(2000, 8);
  EXPECT_LT(wire.Run(1000).size(), 2000u);
  EXPECT_EQ(wire.status().message(), "fault");
}

TEST(StreamWindowThreadsTest, ACancellationFromAnotherThreadEndsIt) {
  ThreadedWire wire(1 << 30, 8);
  std::thread canceller([&] { wire.Cancel(); });
  wire.Run();
  canceller.join();
  EXPECT_EQ(wire.status().code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace senvec
