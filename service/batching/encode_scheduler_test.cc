#include "service/batching/encode_scheduler.h"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "tests/support/fake_encoder.h"
#include "tests/support/notification.h"

namespace senvec {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

// Sentences of `length` tokens whose first ids count up from `first`.
std::vector<Encoding> Sentences(int32_t first, int32_t count, int32_t length = 4) {
  std::vector<Encoding> sentences(count);
  for (int32_t i = 0; i < count; ++i) {
    sentences[i].ids.assign(length, first + i);
    sentences[i].type_ids.assign(length, 0);
  }
  return sentences;
}

// Holds the encoder in its first batch (one sentence, id 1000) until Open(), so that what is submitted meanwhile is
// scheduled together.
class EncodeSchedulerTest : public testing::Test {
 protected:
  void Start(const EncodeSchedulerOptions& options = {}) {
    encoder_.before_encode = [this] {
      if (!entered_.HasBeenNotified()) entered_.Notify();
      gate_.WaitForNotification();
    };
    scheduler_ = std::make_unique<EncodeScheduler>(&encoder_, options, [this] { return now_.load(); });
    first_ = Submit(Sentences(1000, 1));
    entered_.WaitForNotification();
  }
  void Open() {
    gate_.Notify();
    scheduler_->Shutdown();
  }

  struct Answer {
    absl::Status status = absl::UnknownError("no answer yet");
    std::vector<float> rows;
    absl::Duration queued;
  };
  std::shared_ptr<Answer> Submit(std::vector<Encoding> sentences, absl::Time deadline = absl::InfiniteFuture(),
                                 std::function<bool()> is_cancelled = nullptr, std::optional<bool> normalize = {}) {
    auto answer = std::make_shared<Answer>();
    submitted_ = scheduler_->Submit({.sentences = std::move(sentences),
                                     .options = {.normalize = normalize},
                                     .deadline = deadline,
                                     .is_cancelled = std::move(is_cancelled),
                                     .done = [answer](absl::StatusOr<EncodeScheduler::Encoded> encoded) {
                                       answer->status = encoded.status();
                                       if (encoded.ok()) answer->rows = encoded->rows;
                                       if (encoded.ok()) answer->queued = encoded->queued;
                                     }});
    return answer;
  }

  FakeEncoder encoder_;
  Notification entered_, gate_;
  std::atomic<absl::Time> now_ = absl::FromUnixSeconds(1000);
  std::unique_ptr<EncodeScheduler> scheduler_;
  std::shared_ptr<Answer> first_;
  absl::Status submitted_;
};

TEST_F(EncodeSchedulerTest, CallersShareABatchAndGetTheirOwnRows) {
  Start();
  const auto a = Submit(Sentences(1, 2)), b = Submit(Sentences(10, 1));
  Open();
  EXPECT_THAT(encoder_.batches(), ElementsAre(ElementsAre(1000), ElementsAre(1, 2, 10)));
  EXPECT_THAT(a->rows, ElementsAre(1, 4, 2, 4));
  EXPECT_THAT(b->rows, ElementsAre(10, 4));
}

TEST_F(EncodeSchedulerTest, BatchesEndAtTheTokenBudget) {
  Start({.max_batch_tokens = 12});
  const auto a = Submit(Sentences(1, 7));
  Open();
  EXPECT_THAT(encoder_.batches(), ElementsAre(ElementsAre(1000), ElementsAre(1, 2, 3), ElementsAre(4, 5, 6), ElementsAre(7)));
  EXPECT_TRUE(a->status.ok());
}

TEST_F(EncodeSchedulerTest, ASentenceAboveTheBudgetStillRuns) {
  Start({.max_batch_tokens = 3});
  const auto a = Submit(Sentences(1, 2));
  Open();
  EXPECT_TRUE(a->status.ok());
}

TEST_F(EncodeSchedulerTest, OneSentenceDoesNotWaitForThousands) {
  Start({.max_batch_tokens = 16, .sentences_per_turn = 2});
  const auto many = Submit(Sentences(1, 10)), one = Submit(Sentences(500, 1));
  Open();
  // Some of the many may have been chosen before the one came.
  EXPECT_THAT(encoder_.batches()[1], UnorderedElementsAre(1, 2, 500, 3));
  EXPECT_EQ(many->rows.size(), 20u);
}

TEST_F(EncodeSchedulerTest, TenThousandSentencesAndOneShareTheNextBatch) {
  Start({.max_batch_tokens = 4096});
  const auto many = Submit(Sentences(2000, 10000)), one = Submit(Sentences(1, 1));
  Open();
  EXPECT_THAT(encoder_.batches()[1], Contains(1));
  EXPECT_EQ(encoder_.batches()[1].size(), 1024u);
  EXPECT_EQ(many->rows[2 * 9999], 11999);
}

// While a batch runs most of the next is chosen, and who comes then still gets into it.
TEST_F(EncodeSchedulerTest, TheNextBatchIsChosenWhileOneRunsAndKeepsRoomForLateCallers) {
  Start({.max_batch_tokens = 16});
  const auto early = Submit(Sentences(1, 8));
  while (scheduler_->chosen_tokens() < 12) std::this_thread::yield();
  const auto late = Submit(Sentences(500, 1));
  Open();
  EXPECT_THAT(encoder_.batches()[1], ElementsAre(1, 2, 3, 500));
  EXPECT_THAT(encoder_.batches()[2], ElementsAre(4, 5, 6, 7));
}

TEST_F(EncodeSchedulerTest, ACallerWhoLeavesAfterBeingChosenCostsNothing) {
  Start({.max_batch_tokens = 16});
  std::atomic<bool> has_left = false;
  const auto gone = Submit(Sentences(1, 8), absl::InfiniteFuture(), [&] { return has_left.load(); });
  while (scheduler_->chosen_tokens() < 12) std::this_thread::yield();
  has_left = true;
  const auto other = Submit(Sentences(500, 2));
  Open();
  EXPECT_EQ(gone->status.code(), absl::StatusCode::kCancelled);
  EXPECT_THAT(encoder_.batches(), ElementsAre(ElementsAre(1000), ElementsAre(500, 501)));
  EXPECT_EQ(scheduler_->queued_tokens(), 0);
}

TEST_F(EncodeSchedulerTest, IdenticalSentencesOfABatchAreEncodedOnce) {
  Start();
  std::vector<Encoding> sentences = Sentences(1, 2);
  sentences.push_back(sentences[0]);
  sentences.push_back(sentences[0]);
  sentences.back().type_ids[3] = 1;  // another sentence
  const auto a = Submit(sentences), b = Submit(Sentences(2, 1)), c = Submit(Sentences(1, 1, 3));
  Open();
  EXPECT_THAT(encoder_.batches()[1], ElementsAre(1, 2, 1, 1));
  EXPECT_THAT(a->rows, ElementsAre(1, 4, 2, 4, 1, 4, 1, 4));
  EXPECT_THAT(b->rows, ElementsAre(2, 4));
  EXPECT_THAT(c->rows, ElementsAre(1, 3));
}

TEST_F(EncodeSchedulerTest, ManyThreadsGetTheirOwnRows) {
  Start({.max_batch_tokens = 64, .sentences_per_turn = 3});
  std::vector<std::thread> threads;
  gate_.Notify();
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < 100; ++i) {
        Notification done;
        const bool leaves = i % 7 == 0;
        ASSERT_TRUE(scheduler_->Submit({.sentences = Sentences(100 * t + i, 1 + i % 40),
                                        .options = {.normalize = i % 2 == 0},
                                        .is_cancelled = [leaves] { return leaves; },
                                        .done = [&](absl::StatusOr<EncodeScheduler::Encoded> encoded) {
                                          EXPECT_EQ(encoded.ok(), !leaves);
                                          EXPECT_TRUE(leaves || encoded->rows[0] == 100 * t + i);
                                          done.Notify();
                                        }}).ok());
        done.WaitForNotification();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  scheduler_->Shutdown();
  EXPECT_EQ(scheduler_->queued_tokens(), 0);
}

TEST_F(EncodeSchedulerTest, CallersThatLeftCostNothing) {
  Start();
  const auto cancelled = Submit(Sentences(1, 1), absl::InfiniteFuture(), [] { return true; });
  const auto late = Submit(Sentences(2, 1), absl::FromUnixSeconds(1005));
  const auto good = Submit(Sentences(3, 1), absl::FromUnixSeconds(1020));
  now_ = absl::FromUnixSeconds(1010);
  Open();
  EXPECT_EQ(cancelled->status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(late->status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(good->status.ok());
  EXPECT_EQ(good->queued, absl::Seconds(10));
  EXPECT_THAT(encoder_.batches(), ElementsAre(ElementsAre(1000), ElementsAre(3)));
}

TEST_F(EncodeSchedulerTest, AFullQueueRefusesAndRecovers) {
  Start({.max_queued_tokens = 8});
  Submit(Sentences(1, 2));
  EXPECT_TRUE(submitted_.ok());
  const auto refused = Submit(Sentences(5, 1));
  EXPECT_EQ(submitted_.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(refused->status.code(), absl::StatusCode::kUnknown);  // never answered
  EXPECT_EQ(scheduler_->queued_tokens(), 8);
  Open();
  EXPECT_EQ(scheduler_->queued_tokens(), 0);
}

TEST_F(EncodeSchedulerTest, OptionsThatDifferDoNotShareABatch) {
  Start();
  const auto a = Submit(Sentences(1, 1), absl::InfiniteFuture(), nullptr, true);
  const auto b = Submit(Sentences(2, 1), absl::InfiniteFuture(), nullptr, false);
  Open();
  EXPECT_THAT(encoder_.batches(), ElementsAre(ElementsAre(1000), ElementsAre(1), ElementsAre(2)));
}

TEST_F(EncodeSchedulerTest, AnEncodersErrorReachesTheCaller) {
  Start();
  const auto bad = Submit(Sentences(-1, 1));
  Open();
  EXPECT_EQ(bad->status.code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(EncodeSchedulerTest, ShutdownFinishesWhatWaitsAndTakesNoMore) {
  Start();
  const auto a = Submit(Sentences(1, 3));
  Open();
  EXPECT_TRUE(a->status.ok());
  Submit(Sentences(9, 1));
  EXPECT_EQ(submitted_.code(), absl::StatusCode::kUnavailable);
}

TEST(EncodeSchedulerOptionsTest, NamesTheFieldThatIsOutOfRange) {
  EXPECT_THAT(std::string(EncodeSchedulerOptions{.max_batch_tokens = 0}.Validate().message()), testing::HasSubstr("max_batch_tokens is 0"));
  EXPECT_FALSE(EncodeSchedulerOptions{.max_queued_tokens = -1}.Validate().ok());
  EXPECT_FALSE(EncodeSchedulerOptions{.sentences_per_turn = 0}.Validate().ok());
}

}  // namespace
}  // namespace senvec
