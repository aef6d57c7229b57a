#include "eval/sts.h"

#include <gmock/gmock.h>

#include <cmath>

#include "tests/support/angle_encoder.h"

namespace senvec {
namespace {

const auto kNoProgress = [](int64_t, int64_t) {};

TEST(StsTest, CorrelatesCosinesWithScores) {
  const AngleEncoder encoder;
  // Angles 10, 60, 30, 90: the order of cosines is that of the scores but for one swap of neighbours.
  const std::vector<ScoredPair> pairs = {{"0", "10", 5}, {"0", "60", 3}, {"0", "30", 2}, {"0", "90", 0}};
  const auto result = EvaluateSts(encoder, "", pairs, kNoProgress);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_NEAR(result->spearman, 0.8, 1e-12);  // 1 − 6·2/(4·15)
  EXPECT_EQ(result->num_pairs, 4);
}

TEST(StsTest, EncodesEveryDistinctSentenceOnce) {
  const AngleEncoder encoder;
  const std::vector<ScoredPair> pairs = {{"0", "10", 5}, {"10", "0", 5}, {"0", "90", 0}};
  const auto result = EvaluateSts(encoder, "", pairs, kNoProgress);
  EXPECT_EQ(result->num_sentences, 3);
  EXPECT_EQ(encoder.num_encoded_, 3);
}

TEST(StsTest, RefusesWhatHasNoCorrelation) {
  const AngleEncoder encoder;
  const auto code = [&](const std::vector<ScoredPair>& pairs) {
    return EvaluateSts(encoder, "", pairs, kNoProgress).status().code();
  };
  EXPECT_EQ(code({{"0", "10", 5}}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({{"0", "10", 5}, {"0", "20", 5}}), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(code({{"0", "10", 5}, {"zero", "20", 4}}), absl::StatusCode::kFailedPrecondition);
}

TEST(CosineTest, IsExactForSimpleVectors) {
  EXPECT_EQ(Cosine({3, 0}, {5, 0}), 1);
  EXPECT_EQ(Cosine({3, 0}, {0, 5}), 0);
  EXPECT_EQ(Cosine({3, 0}, {-1, 0}), -1);
  EXPECT_TRUE(std::isnan(Cosine({0, 0}, {1, 0})));
}

TEST(CosineTest, EqualVectorsTie) {
  for (int i = 1; i < 1000; ++i) {
    const std::vector<float> v = {0.1f * static_cast<float>(i), 1.0f / static_cast<float>(i), 0.7f};
    EXPECT_EQ(Cosine(v, v), 1);
  }
}

}  // namespace
}  // namespace senvec
