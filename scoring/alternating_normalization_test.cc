#include "scoring/alternating_normalization.h"

#include <gmock/gmock.h>

#include <cmath>

#include "base/json.h"

namespace senvec {
namespace {

using testing::HasSubstr;

TEST(CanTest, EqualsNumpyOnEveryVector) {
  const auto file = ReadJsonFile(SENVEC_TESTDATA "/can.json");
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_GE((*file)["cases"].size(), 20u);
  for (const auto& c : (*file)["cases"]) {
    SCOPED_TRACE(c["name"].get<std::string>());
    const auto p = c["p"].get<std::vector<double>>();
    const auto expected = c["out"].get<std::vector<double>>();
    const CanOptions options = {.top_k = c["top_k"], .threshold = c["threshold"], .alpha = c["alpha"], .iterations = c["iterations"]};
    const auto result = AlternatingNormalization(p, c["prior"].get<std::vector<double>>(), options);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->corrected, c["corrected"].get<std::vector<bool>>());
    // Sums of some hundred values in fp64, in another order than numpy's.
    for (size_t i = 0; i < p.size(); ++i) ASSERT_NEAR(result->probabilities[i], expected[i], 1e-12) << i;
    const size_t classes = c["prior"].size();
    const auto uncertainty = c["uncertainty"].get<std::vector<double>>();
    for (size_t row = 0; row < uncertainty.size(); ++row) {
      EXPECT_NEAR(TopKUncertainty(absl::MakeConstSpan(p).subspan(row * classes, classes), options.top_k), uncertainty[row], 1e-12);
    }
  }
}

TEST(CanTest, GivesThePostsToyExample) {
  const auto result = *AlternatingNormalization(std::vector<double>{0.05, 0.95, 0.5, 0.5}, std::vector<double>{0.5, 0.5}, {});
  EXPECT_EQ(result.corrected, (std::vector<bool>{false, true}));
  EXPECT_NEAR(result.probabilities[2], 0.725, 1e-12);
  EXPECT_NEAR(result.probabilities[3], 0.275, 1e-12);
  EXPECT_EQ(result.probabilities[0], 0.05);  // a sure row is not touched, to the bit
}

TEST(CanTest, UncertaintyIsZeroOfOneAndOneOfEqualParts) {
  EXPECT_EQ(TopKUncertainty(std::vector<double>{0, 1, 0}, 3), 0);
  EXPECT_NEAR(TopKUncertainty(std::vector<double>{0.25, 0.25, 0.25, 0.25}, 3), 1, 1e-15);
  EXPECT_EQ(TopKUncertainty(std::vector<double>{1}, 3), 0);
  EXPECT_NEAR(TopKUncertainty(std::vector<double>{0.5, 0.5}, 3), 1, 1e-15);
}

TEST(CanTest, DegenerateBatchesHaveDefinedResults) {
  EXPECT_TRUE(AlternatingNormalization({}, std::vector<double>{1, 1}, {})->probabilities.empty());
  EXPECT_EQ(AlternatingNormalization(std::vector<double>{1}, std::vector<double>{1}, {})->probabilities[0], 1);
  // All its mass meets a prior of nothing: the row stays.
  const auto kept = *AlternatingNormalization(std::vector<double>{0, 0, 1, 0.5, 0.5, 0}, std::vector<double>{0, 0, 1},
                                              {.top_k = 2});
  EXPECT_EQ(kept.probabilities[3], 0.5);
  EXPECT_FALSE(kept.corrected[1]);
}

TEST(CanTest, NamesWhatIsWrong) {
  const auto fault = [](std::vector<double> p, std::vector<double> prior, CanOptions options = {}) {
    return std::string(AlternatingNormalization(p, prior, options).status().message());
  };
  EXPECT_THAT(fault({1, 0, 0.5, 0.4}, {1, 1}), HasSubstr("row 1 is no distribution: it sums to 0.9"));
  EXPECT_THAT(fault({1, 0, NAN, 0.4}, {1, 1}), HasSubstr("row 1"));
  EXPECT_THAT(fault({1.5, -0.5}, {1, 1}), HasSubstr("row 0"));
  EXPECT_THAT(fault({1, 0, 1}, {1, 1}), HasSubstr("3 probabilities do not fit 2 classes"));
  EXPECT_THAT(fault({1}, {}), HasSubstr("0 classes"));
  EXPECT_THAT(fault({1, 0}, {1, -1}), HasSubstr("the prior of class 1 is -1"));
  EXPECT_THAT(fault({1, 0}, {0, 0}), HasSubstr("sums to 0"));
  EXPECT_THAT(fault({1, 0}, {1, 1}, {.top_k = 1}), HasSubstr("top_k"));
  EXPECT_THAT(fault({1, 0}, {1, 1}, {.threshold = NAN}), HasSubstr("threshold"));
  EXPECT_THAT(fault({1, 0}, {1, 1}, {.alpha = 0}), HasSubstr("alpha"));
  EXPECT_THAT(fault({1, 0}, {1, 1}, {.iterations = 0}), HasSubstr("iterations"));
}

}  // namespace
}  // namespace senvec
