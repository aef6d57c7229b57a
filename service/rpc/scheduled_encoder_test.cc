#include "service/rpc/scheduled_encoder.h"

#include <gmock/gmock.h>

#include <atomic>
#include <numeric>
#include <string>
#include <vector>

#include "tests/support/fake_context.h"

namespace senvec {
namespace {

using ::testing::HasSubstr;

std::vector<std::string> Texts(int n) {
  std::vector<std::string> texts;
  for (int i = 0; i < n; ++i) texts.push_back(std::string(1 + i % 7, static_cast<char>('a' + i % 26)));
  return texts;
}

TEST(ScheduledEncoderTest, GivesTheRowsOfTheTextsInTheirOrder) {
  FakeContext fake;
  std::vector<int64_t> heard;
  const ScheduledEncoder encoder(fake.context(), {}, [&](int64_t texts) { heard.push_back(texts); });
  const std::vector<std::string> texts = Texts(1000);  // several jobs
  const auto result = encoder.EncodeTexts(texts, "", {});
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(result->rows.size(), 2 * texts.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(result->rows[2 * i], static_cast<float>(texts[i][0])) << i;
    EXPECT_EQ(result->rows[2 * i + 1], static_cast<float>(texts[i].size())) << i;
    EXPECT_EQ(result->num_tokens[i], static_cast<int32_t>(texts[i].size())) << i;
  }
  EXPECT_EQ(std::accumulate(heard.begin(), heard.end(), int64_t{0}), 1000);
}

TEST(ScheduledEncoderTest, PutsThePromptBeforeEachText) {
  FakeContext fake;
  const ScheduledEncoder encoder(fake.context(), {}, nullptr);
  const auto result = encoder.EncodeTexts({"bc"}, "a", {});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->rows, (std::vector<float>{'a', 3}));
}

TEST(ScheduledEncoderTest, NoTextsHaveNoRows) {
  FakeContext fake;
  const auto result = ScheduledEncoder(fake.context(), {}, nullptr).EncodeTexts({}, "", {});
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result->rows.empty());
}

TEST(ScheduledEncoderTest, ATextWithoutTokensIsNamed) {
  FakeContext fake;
  const auto result = ScheduledEncoder(fake.context(), {}, nullptr).EncodeTexts({"a", ""}, "", {});
  EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(result.status().message()), HasSubstr("has no tokens"));
}

TEST(ScheduledEncoderTest, EndsWhenTheCallerLeaves) {
  FakeContext fake;
  std::atomic<bool> cancelled = false;
  fake.encoder().before_encode = [&] { cancelled = true; };
  const ScheduledEncoder encoder(fake.context(), {absl::InfiniteFuture(), [&] { return cancelled.load(); }}, nullptr);
  EXPECT_EQ(encoder.EncodeTexts(Texts(5000), "", {}).status().code(), absl::StatusCode::kCancelled);
  EXPECT_LT(fake.encoder().batches().size(), 5u);
}

TEST(ScheduledEncoderTest, EndsWhenTheDeadlinePasses) {
  FakeContext fake;
  fake.encoder().before_encode = [&] { fake.set_now(absl::FromUnixSeconds(2000)); };
  const ScheduledEncoder encoder(fake.context(), {absl::FromUnixSeconds(1500), nullptr}, nullptr);
  EXPECT_EQ(encoder.EncodeTexts(Texts(5000), "", {}).status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST(ScheduledEncoderTest, WaitsForRoomInAFullQueue) {
  FakeEncoder fake;
  Notification began, may_go_on, filled(2);
  fake.before_encode = [&] {
    if (!began.HasBeenNotified()) began.Notify();
    may_go_on.WaitForNotification();
  };
  EncodeScheduler scheduler(&fake, {.max_queued_tokens = 1}, [] { return absl::UnixEpoch(); });
  RpcContext context;
  context.encoder = &fake;
  context.scheduler = &scheduler;
  int asked = 0;
  context.now = [&] {
    // Asked once before the job and once after each time that the queue was full.
    if (++asked == 4) may_go_on.Notify();
    return absl::UnixEpoch();
  };
  // One job is at the encoder, another one waits: there is no room.
  for (int i = 0; i < 2; ++i) {
    std::vector<Encoding> sentences = {*fake.Tokenize("", "filler", 0)};
    ASSERT_TRUE(scheduler.Submit({.sentences = sentences, .options = {}, .is_cancelled = {}, .done = [&](const auto&) { filled.Notify(); }}).ok());
    began.WaitForNotification();
  }
  const auto result = ScheduledEncoder(context, {}, nullptr).EncodeTexts({"ab"}, "", {});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->rows, (std::vector<float>{'a', 2}));
  EXPECT_GE(asked, 4);
  filled.WaitForNotification();
}

TEST(ScheduledEncoderTest, AServerThatStopsIsUnavailable) {
  FakeContext fake;
  fake.context().scheduler->Shutdown();
  const auto result = ScheduledEncoder(fake.context(), {}, nullptr).EncodeTexts({"a"}, "", {});
  EXPECT_EQ(result.status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace senvec
