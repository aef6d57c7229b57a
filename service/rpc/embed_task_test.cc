#include "service/rpc/embed_task.h"

#include <gmock/gmock.h>

#include <thread>

#include "service/rpc/embedding_service.h"
#include "tests/support/fake_context.h"
#include "tests/support/notification.h"

namespace senvec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class EmbedTaskTest : public testing::Test {
 protected:
  absl::Status Embed(const v1::EmbedRequest& request, v1::EmbedResponse* response, const Caller& caller = {}) {
    return FakeContext::Wait([&](std::function<void(absl::Status)> done) {
      HandleEmbed(fake_.context(), request, caller, response, std::move(done));
    });
  }
  static v1::EmbedRequest Texts(const std::vector<std::string>& texts) {
    v1::EmbedRequest request;
    for (const std::string& text : texts) request.add_texts(text);
    return request;
  }

  FakeContext fake_;
};

TEST_F(EmbedTaskTest, GoodTextsKeepTheirPlacesAmongBadOnes) {
  v1::EmbedResponse response;
  ASSERT_TRUE(Embed(Texts({"", "b", " ", "dd"}), &response).ok());
  EXPECT_THAT(fake_.encoder().batches(), ElementsAre(ElementsAre('b', 'd')));
  EXPECT_THAT(response.vectors(1).values(), ElementsAre('b', 1));
  EXPECT_THAT(response.vectors(3).values(), ElementsAre('d', 2));
  EXPECT_EQ(response.vectors(0).values_size() + response.vectors(2).values_size(), 0);
  EXPECT_THAT(response.num_tokens(), ElementsAre(0, 1, 0, 2));
  ASSERT_EQ(response.errors_size(), 2);
  EXPECT_EQ(response.errors(1).index(), 2);
}

TEST_F(EmbedTaskTest, ACallWithoutAGoodTextFailsWithTheFirstOnesError) {
  v1::EmbedResponse response;
  const absl::Status status = Embed(Texts({" ", ""}), &response);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("texts[0] is blank"));
  EXPECT_TRUE(fake_.encoder().batches().empty());
}

TEST_F(EmbedTaskTest, ATextWithoutTokensIsBadForItself) {
  v1::EmbedResponse response;
  ASSERT_TRUE(Embed(Texts({"a", std::string(1, '\0')}), &response).ok());
  ASSERT_EQ(response.errors_size(), 1);
  EXPECT_THAT(response.errors(0).message(), HasSubstr("texts[1] has no tokens"));
  EXPECT_THAT(fake_.encoder().batches(), ElementsAre(ElementsAre('a')));
}

TEST_F(EmbedTaskTest, ALongTextIsCutUnlessThatIsRefused) {
  v1::EmbedRequest request = Texts({"12345", "123"});
  request.set_max_tokens(3);
  v1::EmbedResponse cut;
  ASSERT_TRUE(Embed(request, &cut).ok());
  EXPECT_THAT(cut.num_truncated(), ElementsAre(2, 0));
  EXPECT_EQ(cut.errors_size(), 0);
  request.set_refuse_truncation(true);
  v1::EmbedResponse refused;
  ASSERT_TRUE(Embed(request, &refused).ok());
  ASSERT_EQ(refused.errors_size(), 1);
  EXPECT_THAT(refused.errors(0).message(), HasSubstr("texts[0] has 5 tokens; the limit is 3"));
  EXPECT_EQ(refused.vectors(1).values_size(), 2);
}

TEST_F(EmbedTaskTest, WhatConcernsTheWholeCallFailsIt) {
  v1::EmbedRequest request = Texts({"a", ""});
  request.set_max_tokens(1000);
  v1::EmbedResponse response;
  EXPECT_THAT(std::string(Embed(request, &response).message()), HasSubstr("max_tokens"));
  EXPECT_THAT(std::string(Embed(Texts({}), &response).message()), HasSubstr("texts has 0 elements"));
}

TEST_F(EmbedTaskTest, ACallerWhoLeftIsNotEvenTokenisedFor) {
  fake_.encoder().before_tokenize = [](absl::string_view) { FAIL(); };
  v1::EmbedResponse response;
  EXPECT_EQ(Embed(Texts({"a"}), &response, {.deadline = fake_.now()}).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(Embed(Texts({"a"}), &response, {.is_cancelled = [] { return true; }}).code(), absl::StatusCode::kCancelled);
}

TEST_F(EmbedTaskTest, ADeadlineThatPassesWhileTheCallWaitsReachesTheScheduler) {
  Notification entered, gate;
  fake_.encoder().before_encode = [&] {
    if (!entered.HasBeenNotified()) entered.Notify();
    gate.WaitForNotification();
  };
  v1::EmbedResponse held;
  std::thread first([&] { EXPECT_TRUE(Embed(Texts({"h"}), &held).ok()); });
  entered.WaitForNotification();
  v1::EmbedResponse late;
  absl::Status status;
  Notification answered;
  const v1::EmbedRequest request = Texts({"l"});
  HandleEmbed(fake_.context(), request, {.deadline = fake_.now() + absl::Seconds(5)}, &late, [&](absl::Status result) {
    status = std::move(result);
    answered.Notify();
  });
  fake_.set_now(fake_.now() + absl::Seconds(6));
  gate.Notify();
  first.join();
  answered.WaitForNotification();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(fake_.encoder().batches(), ElementsAre(ElementsAre('h')));
}

TEST_F(EmbedTaskTest, ManyThreadsGetTheirOwnAnswers) {
  std::vector<std::thread> threads;
  for (char c = 'a'; c < 'e'; ++c) {
    threads.emplace_back([this, c] {
      for (int i = 1; i <= 50; ++i) {
        v1::EmbedResponse response;
        ASSERT_TRUE(Embed(Texts({std::string(1 + i % 16, c), "", "z"}), &response).ok());
        EXPECT_EQ(response.vectors(0).values(0), c);
        EXPECT_EQ(response.errors(0).index(), 1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace senvec
