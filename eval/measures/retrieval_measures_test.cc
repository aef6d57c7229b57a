#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "base/json.h"
#include "eval/measures/retrieval.h"

namespace senvec {
namespace {

TEST(RetrievalMeasuresTest, EqualPytrecEvalAndRanxOnEveryVector) {
  const auto file = ReadJsonFile(SENVEC_TESTDATA "/retrieval.json");
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_GE((*file)["cases"].size(), 20u);
  for (const auto& c : (*file)["cases"]) {
    SCOPED_TRACE(c["name"].get<std::string>());
    std::vector<JudgedQuery> queries;
    for (const auto& q : c["queries"]) queries.push_back({q["hits"], q["relevant"]});
    const auto measured = MeasureRetrieval(queries, c["k"]);
    ASSERT_TRUE(measured.ok()) << measured.status();
    EXPECT_NEAR(measured->mean.ndcg, c["ndcg"].get<double>(), 1e-9);
    EXPECT_NEAR(measured->mean.average_precision, c["map"].get<double>(), 1e-9);
    EXPECT_NEAR(measured->mean.recall, c["recall"].get<double>(), 1e-9);
    EXPECT_NEAR(measured->mean.recall, c["ranx_recall"].get<double>(), 1e-9);
    EXPECT_NEAR(measured->mean.ndcg, c["ranx_ndcg"].get<double>(), 1e-9);
    EXPECT_NEAR(measured->mean.reciprocal_rank, c["mrr"].get<double>(), 1e-9);
    EXPECT_NEAR(measured->mean.hit, c["hit"].get<double>(), 1e-9);
  }
}

TEST(RetrievalMeasuresTest, QueriesWithoutAnAnswerAreCountedAndLeftOut) {
  const auto measured = MeasureRetrieval({{{1, 0}, {1}}, {{0, 0}, {}}, {{0}, {0, -1}}}, 2);
  EXPECT_EQ(measured->num_queries, 1);
  EXPECT_EQ(measured->queries_without_answer, 2);
  EXPECT_EQ(measured->mean.ndcg, 1);
}

TEST(RetrievalMeasuresTest, ADocumentThatTheCorpusLacksIsOneThatIsNeverFound) {
  const auto measured = MeasureRetrieval({{{1, 0}, {1, 1}}}, 2);
  EXPECT_EQ(measured->mean.recall, 0.5);
  EXPECT_EQ(measured->mean.average_precision, 0.5);
}

TEST(RetrievalMeasuresTest, NegativeRelevanceIsNone) {
  EXPECT_EQ(MeasureQuery({{-2, 1}, {1}}, 2).reciprocal_rank, 0.5);
  EXPECT_NEAR(MeasureQuery({{-2, 1}, {1, -2}}, 2).ndcg, 1 / std::log2(3), 1e-15);
}

TEST(RetrievalMeasuresTest, RefuseWhatCannotBeMeasured) {
  const auto code = [](const std::vector<JudgedQuery>& queries, int k) {
    return MeasureRetrieval(queries, k).status().code();
  };
  EXPECT_EQ(code({{{1}, {1}}}, 0), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({{{NAN}, {1}}}, 1), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({}, 1), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(code({{{0}, {}}}, 1), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace senvec
