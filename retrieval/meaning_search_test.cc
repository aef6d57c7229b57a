#include "retrieval/meaning_search.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<float> At(double degrees) {
  return {static_cast<float>(std::cos(degrees * M_PI / 180)), static_cast<float>(std::sin(degrees * M_PI / 180))};
}

class MeaningSearchTest : public testing::Test {
 protected:
  std::unique_ptr<Collection> Make(Metric metric = Metric::kCosine) {
    CollectionOptions options;
    options.name = "c";
    options.index.dim = 2;
    options.index.kind = IndexKind::kExact;
    options.index.metric = metric;
    return *Collection::Create(folder_ / "c", options);
  }
  static void Add(Collection& collection, const std::string& id, const std::string& group, double degrees,
                  const std::string& metadata = "") {
    ASSERT_TRUE(collection.Upsert(std::vector<Document>{{id, "text " + id, metadata, group, At(degrees)}}).ok());
  }
  // Group a at 0, 2 and 4 degrees, b at 20 and 24, and a lone document at 90.
  std::unique_ptr<Collection> Example() {
    auto collection = Make();
    Add(*collection, "a1", "a", 0, R"({"lang":"en"})");
    Add(*collection, "a2", "a", 2);
    Add(*collection, "a3", "a", 4);
    Add(*collection, "b1", "b", 20, R"({"lang":"en"})");
    Add(*collection, "b2", "b", 24);
    Add(*collection, "lone", "", 90, R"({"lang":"en"})");
    return collection;
  }
  static MeaningResult Search(const Collection& collection, double degrees, const MeaningSearchOptions& options) {
    auto results = SearchMeanings(collection, At(degrees), options);
    EXPECT_TRUE(results.ok()) << results.status();
    return results.ok() ? std::move((*results)[0]) : MeaningResult();
  }
  static std::vector<std::string> Ids(const MeaningResult& result) {
    std::vector<std::string> ids;
    for (const Meaning& meaning : result.meanings) ids.push_back(meaning.members[0].id);
    return ids;
  }

  const TempDir folder_;
};

MarginOptions Published() { return MarginOptions(); }

TEST_F(MeaningSearchTest, AHitIsAMeaningWithItsBestDocuments) {
  const auto collection = Example();
  const MeaningResult result = Search(*collection, 3, {.k = 2, .members = 2});
  EXPECT_THAT(Ids(result), ElementsAre("a2", "b1"));
  EXPECT_EQ(result.meanings[0].num_found, 3);
  ASSERT_EQ(result.meanings[0].members.size(), 2u);
  EXPECT_EQ(result.meanings[0].members[1].id, "a3");
  EXPECT_EQ(result.meanings[0].members[1].text, "text a3");
}

TEST_F(MeaningSearchTest, AllCandidatesGiveExactProbabilities) {
  const auto collection = Example();
  const MeaningResult result = Search(*collection, 0, {.k = 3, .margin = Published()});
  EXPECT_EQ(result.tail.num_classes, 0);
  const double s = 30, m = 0.35, a = 1, b = std::cos(20 * M_PI / 180), lone = 0;
  const double expected = std::exp(s * (a - m)) / (std::exp(s * (a - m)) + std::exp(s * b) + std::exp(s * lone));
  EXPECT_NEAR(result.meanings[0].margin.probability_low, expected, 1e-5);
  EXPECT_EQ(result.meanings[0].margin.probability_low, result.meanings[0].margin.probability_high);
}

TEST_F(MeaningSearchTest, DocumentsBeyondTheCandidatesMakeProbabilitiesIntervals) {
  const auto collection = Example();
  const MeaningResult result = Search(*collection, 0, {.k = 1, .candidates = 4, .margin = Published()});
  EXPECT_EQ(result.tail.num_classes, 2);
  EXPECT_NEAR(result.tail.largest_cosine, std::cos(20 * M_PI / 180), 1e-6);
  const MarginScore& score = result.meanings[0].margin;
  EXPECT_LT(score.probability_low, score.probability_high);
  const MeaningResult all = Search(*collection, 0, {.k = 1, .margin = Published()});
  EXPECT_LE(score.probability_low, all.meanings[0].margin.probability_low);
  EXPECT_GE(score.probability_high, all.meanings[0].margin.probability_low);
}

TEST_F(MeaningSearchTest, VerdictsFollowTheLead) {
  const auto collection = Example();
  MarginOptions margin = {.scale = 100, .margin = 0.01, .background = 0.9, .accept_probability = 0.8};
  const MeaningResult accepted = Search(*collection, 1, {.k = 1, .margin = margin});
  EXPECT_EQ(accepted.verdict, Verdict::kAccepted);
  EXPECT_TRUE(accepted.rivals.empty());
  // Between a3 and b1: either would be accepted alone. The rival is named though only one hit is wanted.
  const MeaningResult ambiguous = Search(*collection, 12.1, {.k = 1, .margin = margin});
  EXPECT_EQ(ambiguous.verdict, Verdict::kAmbiguous);
  ASSERT_EQ(ambiguous.rivals.size(), 1u);
  EXPECT_EQ(ambiguous.rivals[0].id, "a3");
  EXPECT_EQ(Search(*collection, 180, {.k = 1, .margin = margin}).verdict, Verdict::kUnknown);
}

TEST_F(MeaningSearchTest, FiltersCountAsTheWholeCollection) {
  const auto collection = Example();
  const MeaningSearchOptions options = {.search = {.filter = R"(lang = "en")"}, .k = 1, .candidates = 1, .margin = Published()};
  const MeaningResult result = Search(*collection, 0, options);
  EXPECT_THAT(Ids(result), ElementsAre("a1"));
  EXPECT_EQ(result.tail.num_classes, 2);
}

TEST_F(MeaningSearchTest, WhatScoresLessThanMinScoreIsInTheTail) {
  const auto collection = Example();
  const MeaningResult result = Search(*collection, 0, {.search = {.min_score = 0.95f}, .k = 5, .margin = Published()});
  EXPECT_THAT(Ids(result), ElementsAre("a1"));
  EXPECT_EQ(result.tail.num_classes, 3);
  EXPECT_NEAR(result.tail.largest_cosine, 0.95, 1e-6);
  const MeaningResult none = Search(*collection, 45, {.search = {.min_score = 0.999f}, .k = 5, .margin = Published()});
  EXPECT_TRUE(none.meanings.empty());
  EXPECT_EQ(none.verdict, Verdict::kUnknown);
}

TEST_F(MeaningSearchTest, AnEmptyCollectionKnowsNothing) {
  const auto collection = Make();
  const MeaningResult result = Search(*collection, 0, {.k = 5, .margin = Published()});
  EXPECT_TRUE(result.meanings.empty());
  EXPECT_EQ(result.verdict, Verdict::kUnknown);
  EXPECT_EQ(result.tail.num_classes, 0);
}

TEST_F(MeaningSearchTest, OneMeaningAloneIsCertainWithoutABackground) {
  const auto collection = Make();
  Add(*collection, "only", "g", 10);
  const MeaningResult alone = Search(*collection, 80, {.k = 5, .margin = Published()});
  EXPECT_EQ(alone.verdict, Verdict::kAccepted);
  EXPECT_EQ(alone.meanings[0].margin.probability_low, 1);
  const MeaningResult judged = Search(*collection, 80, {.k = 5, .margin = MarginOptions{.background = 0.5}});
  EXPECT_EQ(judged.verdict, Verdict::kUnknown);
}

TEST_F(MeaningSearchTest, TiesShareTheProbabilityInTheOrderOfTheHits) {
  const auto collection = Make();
  for (const char* id : {"x", "y", "z"}) Add(*collection, id, "", 10);
  MarginOptions margin = {.margin = 0, .accept_probability = 0.6};
  const MeaningResult result = Search(*collection, 10, {.k = 5, .margin = margin});
  EXPECT_THAT(Ids(result), ElementsAre("x", "y", "z"));
  for (const Meaning& meaning : result.meanings) EXPECT_NEAR(meaning.margin.probability_low, 1.0 / 3, 1e-6);
  EXPECT_EQ(result.verdict, Verdict::kUnknown);
  margin.ambiguity = 0.1;
  const MeaningResult asked = Search(*collection, 10, {.k = 5, .margin = margin});
  EXPECT_EQ(asked.verdict, Verdict::kAmbiguous);
  EXPECT_EQ(asked.rivals.size(), 2u);
}

TEST_F(MeaningSearchTest, GroupsAreFormedForEveryMetricAndMarginsForCosinesOnly) {
  const auto collection = Make(Metric::kL2);
  Add(*collection, "a1", "a", 0);
  Add(*collection, "a2", "a", 50);
  const MeaningResult result = Search(*collection, 60, {.k = 5});
  EXPECT_THAT(Ids(result), ElementsAre("a2"));
  EXPECT_EQ(SearchMeanings(*collection, At(0), {.k = 1, .margin = Published()}).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(MeaningSearchTest, OptionsOutOfRangeAreNamed) {
  const auto collection = Make();
  const auto fault = [&](const MeaningSearchOptions& options) {
    return std::string(SearchMeanings(*collection, At(0), options).status().message());
  };
  EXPECT_THAT(fault({.k = 0}), HasSubstr("k is 0; it must be in [1, 10000]"));
  EXPECT_THAT(fault({.k = 10, .candidates = 9}), HasSubstr("candidates is 9; it must be in [10, 10000]"));
  EXPECT_THAT(fault({.members = 0}), HasSubstr("members_per_group is 0"));
  EXPECT_THAT(fault({.margin = MarginOptions{.margin = std::nan("")}}), HasSubstr("\"margin\" must be in [-2, 2], got nan"));
}

}  // namespace
}  // namespace senvec
