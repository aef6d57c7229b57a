#include "eval/sts.h"

#include <gmock/gmock.h>

#include <cmath>

namespace senvec {
namespace {

// An encoder that puts a text of the form "12.5" at that angle (degrees) on the unit circle, and "0" texts at the
// origin when they read "zero".
class AngleEncoder : public SentenceEncoder {
 public:
  AngleEncoder() { info_.dim = 2; }
  const ModelInfo& info() const override { return info_; }
  const Tokenizer& tokenizer() const override { std::abort(); }
  absl::StatusOr<std::string> Prompt(absl::string_view) const override { return std::string(); }
  absl::StatusOr<Encoding> Tokenize(absl::string_view, absl::string_view, int32_t) const override { return Encoding(); }
  absl::Status Encode(absl::Span<const Encoding* const>, const EncodeOptions&, absl::Span<float>) const override {
    return absl::UnimplementedError("not asked for");
  }
  absl::StatusOr<TextsResult> EncodeTexts(absl::Span<const std::string> texts, absl::string_view,
                                          const EncodeOptions&) const override {
    TextsResult result;
    for (const std::string& text : texts) {
      const double radius = text == "zero" ? 0 : 3, angle = text == "zero" ? 0 : std::stod(text) * M_PI / 180;
      result.rows.push_back(static_cast<float>(radius * std::cos(angle)));
      result.rows.push_back(static_cast<float>(radius * std::sin(angle)));
      result.num_tokens.push_back(1);
      result.num_truncated.push_back(0);
      ++num_encoded_;
    }
    return result;
  }
  mutable int64_t num_encoded_ = 0;

 private:
  ModelInfo info_;
};

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

}  // namespace
}  // namespace senvec
