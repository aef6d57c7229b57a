#include "service/rpc/scoring_calls.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "service/rpc/collection_calls.h"
#include "service/rpc/search_call.h"
#include "tests/support/fake_context.h"

namespace senvec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ScoringCallsTest : public testing::Test {
 protected:
  // Group a at 0, 2 and 4 degrees, b at 20, and a lone document at 90.
  ScoringCallsTest() {
    const auto collection = fake_.MakeCollection("c", Metric::kCosine);
    fake_.MakeCollection("l2");
    for (const auto& [id, group, degrees] : {std::tuple("a1", "a", 0.0), std::tuple("a2", "a", 2.0), std::tuple("a3", "a", 4.0),
                                             std::tuple("b1", "b", 20.0), std::tuple("lone", "", 90.0)}) {
      EXPECT_TRUE(collection->Upsert(std::vector<Document>{{id, absl::StrCat("text ", id), "", group, At(degrees)}}).ok());
    }
  }
  static std::vector<float> At(double degrees) {
    return {static_cast<float>(std::cos(degrees * M_PI / 180)), static_cast<float>(std::sin(degrees * M_PI / 180))};
  }
  static v1::SearchRequest Query(double degrees, int k = 3) {
    v1::SearchRequest request;
    request.set_collection("c");
    request.set_k(k);
    for (const float value : At(degrees)) {
      if (request.queries_size() == 0) request.add_queries();
      request.mutable_queries(0)->mutable_vector()->add_values(value);
    }
    return request;
  }
  static v1::SearchRequest ByMargin(double degrees, int k = 3) {
    v1::SearchRequest request = Query(degrees, k);
    request.set_scoring(v1::SCORING_MARGIN);
    return request;
  }
  absl::Status Search(const v1::SearchRequest& request, v1::SearchResponse* response) {
    response->Clear();
    return FakeContext::Wait([&](std::function<void(absl::Status)> done) {
      HandleSearch(fake_.context(), request, {}, response, std::move(done));
    });
  }
  std::string Fault(const v1::SearchRequest& request) {
    v1::SearchResponse response;
    const absl::Status status = Search(request, &response);
    EXPECT_FALSE(status.ok());
    return std::string(status.message());
  }
  static v1::SetScoringRequest Scoring() {
    v1::SetScoringRequest request;
    request.set_collection("c");
    v1::CollectionScoring* scoring = request.mutable_scoring();
    scoring->mutable_margin()->set_scale(100);
    scoring->mutable_margin()->set_margin(0.01);
    scoring->mutable_margin()->set_background(0.9);
    scoring->mutable_margin()->set_accept_probability(0.8);
    scoring->set_candidates(4);
    scoring->set_model_fingerprint("fake");
    (*scoring->mutable_measured())["auroc"] = 0.9;
    return request;
  }
  absl::Status Set(const v1::SetScoringRequest& request) {
    v1::SetScoringResponse response;
    return HandleSetScoring(fake_.context(), request, &response);
  }

  FakeContext fake_;
};

TEST_F(ScoringCallsTest, MarginGivesMeaningsProbabilitiesAndAVerdict) {
  v1::SearchRequest request = ByMargin(1);
  request.set_members_per_group(2);
  v1::SearchResponse response;
  ASSERT_TRUE(Search(request, &response).ok());
  const v1::SearchResponse::Hits& hits = response.results(0);
  ASSERT_EQ(hits.hits_size(), 3);
  EXPECT_EQ(hits.hits(0).group(), "a");
  EXPECT_EQ(hits.hits(0).num_members(), 3);
  ASSERT_EQ(hits.hits(0).members_size(), 1);
  EXPECT_EQ(hits.hits(0).members(0).text().substr(0, 5), "text ");
  EXPECT_EQ(hits.hits(2).id(), "lone");
  EXPECT_GT(hits.hits(0).probability().low(), hits.hits(1).probability().low());
  EXPECT_EQ(hits.num_tail_documents(), 0);
  EXPECT_NE(hits.verdict(), v1::VERDICT_UNSPECIFIED);
  EXPECT_EQ(response.margin().scale(), 30);
  EXPECT_EQ(response.margin().margin(), 0.35);
  EXPECT_TRUE(response.margin().no_background());
  EXPECT_FALSE(response.is_calibrated());
}

TEST_F(ScoringCallsTest, TheCollectionsScoringIsUsedWhereARequestDoesNotSay) {
  ASSERT_TRUE(Set(Scoring()).ok());
  v1::SearchResponse response;
  ASSERT_TRUE(Search(ByMargin(1), &response).ok());
  EXPECT_TRUE(response.is_calibrated());
  EXPECT_EQ(response.margin().scale(), 100);
  EXPECT_EQ(response.results(0).verdict(), v1::VERDICT_ACCEPTED);
  EXPECT_EQ(response.results(0).num_tail_documents(), 1);
  EXPECT_NEAR(response.results(0).largest_tail_cosine(), std::cos(19 * M_PI / 180), 1e-6);
  v1::SearchRequest request = ByMargin(1);
  request.mutable_margin()->set_accept_probability(1);
  request.mutable_margin()->set_no_background(true);
  ASSERT_TRUE(Search(request, &response).ok());
  EXPECT_EQ(response.margin().scale(), 100);
  EXPECT_FALSE(response.margin().has_background());
  EXPECT_EQ(response.results(0).verdict(), v1::VERDICT_UNKNOWN);
}

TEST_F(ScoringCallsTest, RivalsAreNamedThoughTheyAreNoHits) {
  ASSERT_TRUE(Set(Scoring()).ok());
  v1::SearchResponse response;
  v1::SearchRequest request = ByMargin(12.1, 1);
  request.set_candidates(100);
  ASSERT_TRUE(Search(request, &response).ok());
  EXPECT_EQ(response.results(0).verdict(), v1::VERDICT_AMBIGUOUS);
  ASSERT_EQ(response.results(0).hits_size(), 1);
  EXPECT_EQ(response.results(0).hits(0).group(), "b");
  ASSERT_EQ(response.results(0).rivals_size(), 1);
  EXPECT_EQ(response.results(0).rivals(0).group(), "a");
  ASSERT_TRUE(Search(ByMargin(180, 1), &response).ok());
  EXPECT_EQ(response.results(0).verdict(), v1::VERDICT_UNKNOWN);
}

TEST_F(ScoringCallsTest, GetCollectionShowsIt) {
  v1::GetCollectionRequest get;
  get.set_name("c");
  v1::GetCollectionResponse response;
  ASSERT_TRUE(HandleGetCollection(fake_.context(), get, &response).ok());
  EXPECT_FALSE(response.collection().has_scoring());
  ASSERT_TRUE(Set(Scoring()).ok());
  response.Clear();
  ASSERT_TRUE(HandleGetCollection(fake_.context(), get, &response).ok());
  EXPECT_EQ(response.collection().scoring().margin().background(), 0.9);
  EXPECT_EQ(response.collection().scoring().candidates(), 4);
  EXPECT_EQ(response.collection().scoring().measured().at("auroc"), 0.9);
  v1::SetScoringRequest nothing;
  nothing.set_collection("c");
  ASSERT_TRUE(Set(nothing).ok());
  response.Clear();
  ASSERT_TRUE(HandleGetCollection(fake_.context(), get, &response).ok());
  EXPECT_FALSE(response.collection().has_scoring());
}

TEST_F(ScoringCallsTest, GroupingAloneKeepsTheMetricsScores) {
  v1::SearchRequest request = Query(1);
  request.set_group_by(v1::GROUP_BY_GROUP);
  v1::SearchResponse response;
  ASSERT_TRUE(Search(request, &response).ok());
  std::vector<std::string> groups;
  for (const v1::Hit& hit : response.results(0).hits()) groups.push_back(hit.group());
  EXPECT_THAT(groups, ElementsAre("a", "b", ""));
  EXPECT_FALSE(response.results(0).hits(0).has_probability());
  EXPECT_EQ(response.results(0).verdict(), v1::VERDICT_UNSPECIFIED);
  EXPECT_FALSE(response.has_margin());
}

TEST_F(ScoringCallsTest, CslsNeedsACollectionThatKeepsCorrections) {
  v1::SearchRequest request = Query(1);
  request.set_scoring(v1::SCORING_CSLS);
  EXPECT_THAT(Fault(request), HasSubstr("collection \"c\" keeps no hub corrections; make it anew with hub_correction"));
  v1::CreateCollectionRequest create;
  create.set_name("hubs");
  create.set_kind(v1::INDEX_KIND_EXACT);
  create.set_hub_correction(true);
  v1::CreateCollectionResponse created;
  ASSERT_TRUE(HandleCreateCollection(fake_.context(), create, &created).ok());
  EXPECT_TRUE(created.collection().hub_correction());
  const auto collection = *fake_.context().store->Get("hubs");
  for (const double degrees : {0.0, 30.0, 50.0}) {
    ASSERT_TRUE(collection->Upsert(std::vector<Document>{{absl::StrCat(degrees), "", "", "g", At(degrees)}}).ok());
  }
  ASSERT_TRUE(collection->Optimize([](int64_t, int64_t) { return true; }).ok());
  request.set_collection("hubs");
  v1::SearchResponse response;
  ASSERT_TRUE(Search(request, &response).ok());
  ASSERT_EQ(response.results(0).hits_size(), 3);
  const auto cosine = [](double degrees) { return std::cos(degrees * M_PI / 180); };
  const double query_mean = (cosine(1) + cosine(29) + cosine(49)) / 3;
  EXPECT_EQ(response.results(0).hits(0).id(), "0");
  EXPECT_NEAR(response.results(0).hits(0).score(), 2 * cosine(1) - query_mean - (cosine(30) + cosine(50)) / 2, 1e-5);
  // Grouped as well, and by the same scores.
  request.set_group_by(v1::GROUP_BY_GROUP);
  request.set_candidates(3);
  v1::SearchResponse grouped;
  ASSERT_TRUE(Search(request, &grouped).ok());
  ASSERT_EQ(grouped.results(0).hits_size(), 1);
  EXPECT_EQ(grouped.results(0).hits(0).score(), response.results(0).hits(0).score());
  v1::GetCollectionRequest get;
  get.set_name("hubs");
  v1::GetCollectionResponse shown;
  ASSERT_TRUE(HandleGetCollection(fake_.context(), get, &shown).ok());
  EXPECT_EQ(shown.stats().num_uncorrected(), 0);
}

TEST_F(ScoringCallsTest, WhatDoesNotFitTogetherIsNamedWithARemedy) {
  v1::SearchRequest request = Query(0);
  request.mutable_margin()->set_scale(10);
  EXPECT_THAT(Fault(request), HasSubstr("margin is set, but scoring is not SCORING_MARGIN (2); set scoring to that"));
  request = Query(0);
  request.set_scoring(static_cast<v1::Scoring>(9));
  EXPECT_THAT(Fault(request), HasSubstr("scoring is 9; it is SCORING_METRIC (1)"));
  request = ByMargin(0);
  request.set_group_by(v1::GROUP_BY_NONE);
  EXPECT_THAT(Fault(request), HasSubstr("group_by is GROUP_BY_NONE, but SCORING_MARGIN compares meanings; leave group_by out"));
  request.set_group_by(static_cast<v1::GroupBy>(7));
  EXPECT_THAT(Fault(request), HasSubstr("group_by is 7"));
  request = Query(0);
  request.set_members_per_group(2);
  EXPECT_THAT(Fault(request), HasSubstr("members_per_group is 2, but hits are documents; set group_by to GROUP_BY_GROUP (2)"));
  request = Query(0);
  request.set_candidates(20);
  EXPECT_THAT(Fault(request), HasSubstr("candidates is 20, but hits are documents"));
  request = ByMargin(0);
  request.set_members_per_group(101);
  EXPECT_THAT(Fault(request), HasSubstr("members_per_group is 101; it must be in [1, 100], or 0 for 1"));
  request = ByMargin(0);
  request.set_candidates(2);
  EXPECT_THAT(Fault(request), HasSubstr("candidates is 2, but k is 3; raise candidates or lower k"));
  request.set_candidates(10001);
  EXPECT_THAT(Fault(request), HasSubstr("candidates is 10001; it must be in [1, 10000]"));
  request = ByMargin(0);
  request.set_collection("l2");
  EXPECT_THAT(Fault(request), HasSubstr("collection \"l2\" has metric l2; this scoring needs one with metric cosine"));
}

TEST_F(ScoringCallsTest, ParametersOutOfRangeAreNamed) {
  v1::SearchRequest request = ByMargin(0);
  request.mutable_margin()->set_scale(std::nan(""));
  EXPECT_THAT(Fault(request), HasSubstr("margin: \"scale\" must be in [0.001, 1000], got nan"));
  request = ByMargin(0);
  request.mutable_margin()->set_accept_probability(1.5);
  EXPECT_THAT(Fault(request), HasSubstr("margin: \"accept_probability\" must be in [0, 1], got 1.5"));
  request = ByMargin(0);
  request.mutable_margin()->set_background(0.5);
  request.mutable_margin()->set_no_background(true);
  EXPECT_THAT(Fault(request), HasSubstr("take one of them"));
  request = ByMargin(0);
  request.mutable_queries(0)->mutable_vector()->set_values(0, std::numeric_limits<float>::quiet_NaN());
  EXPECT_THAT(Fault(request), HasSubstr("queries[0].vector"));
}

TEST_F(ScoringCallsTest, CandidatesOfACallAreBounded) {
  fake_.context().limits.max_hits = 150;
  v1::SearchRequest request = ByMargin(0, 1);
  *request.add_queries() = request.queries(0);
  EXPECT_THAT(Fault(request), HasSubstr("2 queries with candidates = 100 look at 200 documents; a call takes at most 150"));
}

TEST_F(ScoringCallsTest, AScoringOfAnotherModelIsRefused) {
  v1::SetScoringRequest request = Scoring();
  request.mutable_scoring()->set_model_fingerprint("other");
  EXPECT_EQ(Set(request).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(Set(request).message()), HasSubstr("model other, collection \"c\" was made with fake"));
  request = Scoring();
  request.mutable_scoring()->set_whitening_fingerprint("white");
  EXPECT_THAT(std::string(Set(request).message()), HasSubstr("whitening white"));
  request = Scoring();
  request.mutable_scoring()->set_candidates(-1);
  EXPECT_THAT(std::string(Set(request).message()), HasSubstr("scoring.candidates is -1"));
  request = Scoring();
  request.mutable_scoring()->set_target_precision(2);
  EXPECT_THAT(std::string(Set(request).message()), HasSubstr("\"precision\" must be in [0, 1], got 2"));
  request = Scoring();
  (*request.mutable_scoring()->mutable_measured())["x"] = std::nan("");
  EXPECT_THAT(std::string(Set(request).message()), HasSubstr("measured \"x\" is nan"));
  request.set_collection("none");
  EXPECT_EQ(Set(request).code(), absl::StatusCode::kNotFound);
}

TEST_F(ScoringCallsTest, AnEmptyCollectionAnswersUnknown) {
  fake_.MakeCollection("empty", Metric::kCosine);
  v1::SearchRequest request = ByMargin(0);
  request.set_collection("empty");
  v1::SearchResponse response;
  ASSERT_TRUE(Search(request, &response).ok());
  EXPECT_EQ(response.results(0).hits_size(), 0);
  EXPECT_EQ(response.results(0).verdict(), v1::VERDICT_UNKNOWN);
}

}  // namespace
}  // namespace senvec
