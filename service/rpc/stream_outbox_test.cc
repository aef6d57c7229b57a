#include "service/rpc/stream_outbox.h"

#include <gmock/gmock.h>

#include <atomic>
#include <numeric>
#include <thread>
#include <vector>

#include "tests/support/notification.h"

namespace senvec {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Notes what it is told to do.
class NotingWire : public StreamOutbox<int>::Wire {
 public:
  void StartWrite(const int& message) override { written.push_back(message); }
  void Finish(const absl::Status& status) override { finished.push_back(status); }

  std::vector<int> written;
  std::vector<absl::Status> finished;
};

class StreamOutboxTest : public testing::Test {
 protected:
  NotingWire wire_;
  StreamOutbox<int> outbox_{&wire_};
};

TEST_F(StreamOutboxTest, WritesOneMessageAtATimeInTheirOrder) {
  for (int message : {1, 2, 3}) outbox_.Post(message);
  EXPECT_THAT(wire_.written, ElementsAre(1));
  outbox_.OnWritten(true);
  EXPECT_THAT(wire_.written, ElementsAre(1, 2));
  outbox_.OnWritten(true);
  outbox_.OnWritten(true);
  EXPECT_THAT(wire_.written, ElementsAre(1, 2, 3));
}

TEST_F(StreamOutboxTest, OfProgressTheNewestIsWrittenAndBeforeResults) {
  outbox_.PostProgress(10);
  outbox_.PostProgress(20);  // 10 is being written
  outbox_.Post(1);
  outbox_.PostProgress(30);
  outbox_.OnWritten(true);
  outbox_.OnWritten(true);
  EXPECT_THAT(wire_.written, ElementsAre(10, 30, 1));
}

TEST_F(StreamOutboxTest, EndsAfterTheLastMessage) {
  outbox_.Post(1);
  outbox_.Post(2);
  outbox_.End(absl::OkStatus());
  outbox_.OnWritten(true);
  EXPECT_THAT(wire_.finished, IsEmpty());
  outbox_.OnWritten(true);
  EXPECT_THAT(wire_.finished, ElementsAre(absl::OkStatus()));
}

TEST_F(StreamOutboxTest, WithNothingToWriteTheEndComesAtOnceAndWithItsStatus) {
  outbox_.End(absl::InternalError("broken"));
  EXPECT_THAT(wire_.finished, ElementsAre(absl::InternalError("broken")));
}

TEST_F(StreamOutboxTest, WhenNobodyReadsTheRestIsNotWrittenAndTheEndStillWaitsForTheWork) {
  outbox_.Post(1);
  outbox_.Post(2);
  outbox_.OnWritten(false);
  outbox_.PostProgress(10);
  EXPECT_THAT(wire_.written, ElementsAre(1));
  EXPECT_THAT(wire_.finished, IsEmpty());
  outbox_.End(absl::CancelledError("nobody reads"));
  EXPECT_EQ(wire_.finished.size(), 1);
}

TEST_F(StreamOutboxTest, AClosedOneWaitsForTheWriteUnderWay) {
  outbox_.Post(1);
  outbox_.Close();
  outbox_.Post(2);
  outbox_.End(absl::CancelledError("cancelled"));
  EXPECT_THAT(wire_.finished, IsEmpty());
  outbox_.OnWritten(false);
  EXPECT_THAT(wire_.written, ElementsAre(1));
  EXPECT_EQ(wire_.finished.size(), 1);
}

// As gRPC does it: writes are reported by another thread, and the end ends everything's life.
class AsyncStream : public StreamOutbox<int>::Wire {
 public:
  AsyncStream(std::vector<int>* written, Notification* done) : written_(written), done_(done) {
    writer_ = std::thread([this] { Write(); });
  }

  StreamOutbox<int>& outbox() { return outbox_; }

 private:
  void StartWrite(const int& message) override { next_.store(&message); }
  void Finish(const absl::Status&) override { finished_ = true; }

  void Write() {
    while (!finished_) {
      if (const int* message = next_.exchange(nullptr)) {
        written_->push_back(*message);
        outbox_.OnWritten(true);
      }
      std::this_thread::yield();
    }
    writer_.detach();
    Notification* done = done_;
    delete this;
    done->Notify();
  }

  std::vector<int>* const written_;
  Notification* const done_;
  std::atomic<const int*> next_ = nullptr;
  std::atomic<bool> finished_ = false;
  std::thread writer_;
  StreamOutbox<int> outbox_{this};
};

TEST(StreamOutboxThreadsTest, NothingIsLostBetweenTheWorkAndTheWriter) {
  for (int round = 0; round < 200; ++round) {
    std::vector<int> written;
    Notification done;
    auto* stream = new AsyncStream(&written, &done);
    std::thread work([stream] {
      for (int i = 1; i <= 50; ++i) {
        if (i % 7 == 0) stream->outbox().PostProgress(-i);
        stream->outbox().Post(i);
      }
      stream->outbox().End(absl::OkStatus());
    });
    work.join();
    done.WaitForNotification();
    std::erase_if(written, [](int message) { return message < 0; });
    std::vector<int> expected(50);
    std::iota(expected.begin(), expected.end(), 1);
    EXPECT_EQ(written, expected);
  }
}

}  // namespace
}  // namespace senvec
