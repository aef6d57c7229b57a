#include "service/rpc/search_call.h"

#include <gmock/gmock.h>

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "service/rpc/document_calls.h"
#include "tests/support/fake_context.h"

namespace senvec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class SearchCallTest : public testing::Test {
 protected:
  SearchCallTest() {
    fake_.MakeCollection("c");
    EXPECT_TRUE(Upsert("a").ok());
    EXPECT_TRUE(Upsert("m").ok());
  }
  absl::Status Upsert(const std::string& text) {
    v1::UpsertDocumentsRequest request;
    request.set_collection("c");
    request.add_documents()->set_id(text);
    request.mutable_documents(0)->set_text(text);
    v1::UpsertDocumentsResponse response;
    return FakeContext::Wait([&](std::function<void(absl::Status)> done) {
      HandleUpsert(fake_.context(), request, {}, &response, std::move(done));
    });
  }
  absl::Status Search(const v1::SearchRequest& request, v1::SearchResponse* response, const Caller& caller = {}) {
    return FakeContext::Wait([&](std::function<void(absl::Status)> done) {
      HandleSearch(fake_.context(), request, caller, response, std::move(done));
    });
  }
  static v1::SearchRequest Queries(const std::vector<std::string>& texts, int k = 1) {
    v1::SearchRequest request;
    request.set_collection("c");
    request.set_k(k);
    for (const std::string& text : texts) request.add_queries()->set_text(text);
    return request;
  }

  FakeContext fake_;
};

TEST_F(SearchCallTest, TextsAndVectorsShareACallAndTheAnswerSaysWhatWasUsed) {
  v1::SearchRequest request = Queries({"b"});
  request.add_queries()->mutable_vector()->add_values('n');
  request.mutable_queries(1)->mutable_vector()->add_values(1);
  request.add_queries()->set_text("llllllllllllllllllll");
  v1::SearchResponse response;
  ASSERT_TRUE(Search(request, &response).ok());
  ASSERT_EQ(response.results_size(), 3);
  EXPECT_EQ(response.results(0).hits(0).id(), "a");
  EXPECT_EQ(response.results(1).hits(0).id(), "m");
  EXPECT_EQ(response.results(2).hits(0).id(), "m");
  EXPECT_THAT(response.num_tokens(), ElementsAre(1, 0, 16));
  EXPECT_THAT(response.num_truncated(), ElementsAre(0, 0, 4));
  EXPECT_EQ(response.model_fingerprint(), "fake");
  EXPECT_EQ(response.precision(), "fp32");
}

TEST_F(SearchCallTest, AQueryWithoutTokensIsRefusedByName) {
  v1::SearchResponse response;
  EXPECT_THAT(std::string(Search(Queries({"a", std::string(1, '\0')}), &response).message()),
              HasSubstr("queries[1].text has no tokens"));
}

TEST_F(SearchCallTest, HitsOfACallAreBounded) {
  fake_.context().limits.max_hits = 10;
  v1::SearchResponse response;
  EXPECT_TRUE(Search(Queries({"a", "b"}, 5), &response).ok());
  EXPECT_THAT(std::string(Search(Queries({"a", "b", "c"}, 5), &response).message()),
              HasSubstr("3 queries with k = 5 ask for 15 hits; a call takes at most 10"));
}

// The caller is asked before tokenising, before encoding, before the search, and before each step of it. With k = 10,000
// a step is one query.
TEST_F(SearchCallTest, ACallerWhoLeavesStopsTheSearchBetweenTwoSteps) {
  v1::SearchRequest request = Queries({"a", "b", "c", "d"}, 10000);
  for (v1::Query& query : *request.mutable_queries()) {
    query.mutable_vector()->add_values(1);
    query.mutable_vector()->add_values(1);
  }
  std::atomic<int> asked = 0;
  v1::SearchResponse response;
  const Caller caller = {.is_cancelled = [&] { return ++asked > 3; }};
  EXPECT_EQ(Search(request, &response, caller).code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(response.results_size(), 2);
}

TEST_F(SearchCallTest, ManyQueriesGetTheirOwnHitsInOrder) {
  std::vector<std::string> texts;
  for (int i = 0; i < 300; ++i) texts.push_back(std::string(1, i % 3 == 0 ? 'a' : 'm'));
  v1::SearchRequest request = Queries(texts);
  for (int i = 0; i < 300; i += 7) {
    request.mutable_queries(i)->mutable_vector()->add_values('a');
    request.mutable_queries(i)->mutable_vector()->add_values(1);
  }
  v1::SearchResponse response;
  ASSERT_TRUE(Search(request, &response).ok());
  ASSERT_EQ(response.results_size(), 300);
  for (int i = 0; i < 300; ++i) {
    ASSERT_EQ(response.results(i).hits(0).id(), i % 7 == 0 || i % 3 == 0 ? "a" : "m") << i;
    ASSERT_EQ(response.num_tokens(i), i % 7 == 0 ? 0 : 1) << i;
  }
}

TEST_F(SearchCallTest, FiltersAndScoresLeaveOut) {
  v1::UpsertDocumentsRequest upsert;
  upsert.set_collection("c");
  v1::Document* document = upsert.add_documents();
  document->set_id("z");
  document->set_text("z");
  document->set_group("g");
  document->set_metadata_json(R"({"lang":"en"})");
  v1::UpsertDocumentsResponse upserted;
  ASSERT_TRUE(FakeContext::Wait([&](std::function<void(absl::Status)> done) {
                HandleUpsert(fake_.context(), upsert, {}, &upserted, std::move(done));
              }).ok());
  v1::SearchRequest request = Queries({"a"}, 10);
  request.set_filter(R"(lang = "en")");
  v1::SearchResponse response;
  ASSERT_TRUE(Search(request, &response).ok());
  ASSERT_EQ(response.results(0).hits_size(), 1);
  EXPECT_EQ(response.results(0).hits(0).id(), "z");
  EXPECT_EQ(response.results(0).hits(0).group(), "g");
  EXPECT_EQ(response.results(0).hits(0).text(), "z");
  request.set_with_text(false);
  request.set_with_metadata(false);
  response.Clear();
  ASSERT_TRUE(Search(request, &response).ok());
  EXPECT_EQ(response.results(0).hits(0).text(), "");
  EXPECT_EQ(response.results(0).hits(0).metadata_json(), "");
  request.clear_filter();
  request.set_min_score(-1);  // minus the squared distance
  response.Clear();
  ASSERT_TRUE(Search(request, &response).ok());
  ASSERT_EQ(response.results(0).hits_size(), 1);
  EXPECT_EQ(response.results(0).hits(0).id(), "a");
  request.set_filter("lang = ");
  EXPECT_EQ(Search(request, &response).code(), absl::StatusCode::kInvalidArgument);
  request = Queries({"a"});
  request.set_ef_search(-1);
  EXPECT_THAT(std::string(Search(request, &response).message()), HasSubstr("ef_search is -1"));
}

v1::SearchRequest OneVector(float x) {
  v1::SearchRequest request;
  request.set_collection("c");
  request.set_k(1);
  request.add_queries()->mutable_vector()->add_values(x);
  request.mutable_queries(0)->mutable_vector()->add_values(1);
  return request;
}

TEST_F(SearchCallTest, AShortSearchIsAnsweredAtOnceAndAsAnyOther) {
  v1::SearchRequest request = OneVector('b');
  request.set_k(2);
  v1::SearchResponse at_once, queued;
  EXPECT_EQ(AnswerShortSearch(fake_.context(), request, {}, &at_once), absl::OkStatus());
  ASSERT_TRUE(Search(request, &queued).ok());
  at_once.clear_timings();
  queued.clear_timings();
  EXPECT_EQ(at_once.results(0).hits_size(), 2);
  EXPECT_EQ(at_once.SerializeAsString(), queued.SerializeAsString());
}

TEST_F(SearchCallTest, WhatMayTakeLongIsNotAnsweredAtOnce) {
  const std::vector<std::function<void(v1::SearchRequest&)>> changes = {
      [](auto& request) { request.mutable_queries(0)->set_text("a"); },
      [](auto& request) { *request.add_queries() = request.queries(0); },
      [](auto& request) { request.clear_queries(); },
      [](auto& request) { request.set_filter("lang = \"en\""); },
      [](auto& request) { request.set_k(101); },
      [](auto& request) { request.set_scoring(v1::SCORING_MARGIN); },
      [](auto& request) { request.set_scoring(v1::SCORING_CSLS); },
      [](auto& request) { request.set_group_by(v1::GROUP_BY_GROUP); },
  };
  for (size_t i = 0; i < changes.size(); ++i) {
    v1::SearchRequest request = OneVector(1);
    changes[i](request);
    v1::SearchResponse response;
    EXPECT_FALSE(AnswerShortSearch(fake_.context(), request, {}, &response).has_value()) << i;
    EXPECT_EQ(response.ByteSizeLong(), 0) << i;
  }
}

TEST_F(SearchCallTest, AShortSearchIsRefusedWithTheSameWords) {
  v1::SearchRequest nowhere = OneVector(1), short_vector = OneVector(1), no_hits = OneVector(1);
  nowhere.set_collection("nowhere");
  short_vector.mutable_queries(0)->mutable_vector()->clear_values();
  no_hits.set_k(0);
  for (const v1::SearchRequest& request : {nowhere, short_vector, no_hits}) {
    v1::SearchResponse response;
    const std::optional<absl::Status> at_once = AnswerShortSearch(fake_.context(), request, {}, &response);
    ASSERT_TRUE(at_once.has_value());
    EXPECT_FALSE(at_once->ok());
    EXPECT_EQ(*at_once, Search(request, &response));
  }
  v1::SearchResponse response;
  const Caller gone = {.is_cancelled = [] { return true; }};
  EXPECT_EQ(AnswerShortSearch(fake_.context(), OneVector(1), gone, &response)->code(), absl::StatusCode::kCancelled);
}

TEST_F(SearchCallTest, ThreadsThatSearchAndWriteGetTheirOwnAnswers) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        v1::SearchResponse response;
        ASSERT_TRUE(Search(Queries({"a", "m"}), &response).ok());
        EXPECT_EQ(response.results(1).hits(0).id(), "m");
        response.Clear();
        ASSERT_TRUE(AnswerShortSearch(fake_.context(), OneVector('m'), {}, &response)->ok());
        EXPECT_EQ(response.results(0).hits(0).id(), "m");
      }
    });
  }
  for (char c = 'n'; c < 'z'; ++c) EXPECT_TRUE(Upsert(std::string(1, c)).ok());
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace senvec
