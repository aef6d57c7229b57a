#include "scoring/margin.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>

namespace senvec {
namespace {

using testing::HasSubstr;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// x87's 80-bit floats: 64 bits of mantissa, exponents to 16383, so that e^{±2000} neither overflows nor underflows.
static_assert(std::numeric_limits<long double>::digits == 64);

// The formula as it stands: ln(p/(1−p)) and p of class t, with `others` classes more at cosine `tail`.
struct Direct {
  long double log_odds;
  long double probability;
};

Direct Evaluate(const std::vector<double>& cosines, size_t t, long double others, const MarginOptions& options) {
  const long double s = options.scale, m = options.margin;
  const long double own = std::exp(s * (cosines[t] - m));
  long double rest = others;
  for (size_t i = cosines.size(); i-- > 0;) {  // the small ones first
    if (i != t) rest += std::exp(s * static_cast<long double>(cosines[i]));
  }
  if (options.background.has_value()) rest += std::exp(s * static_cast<long double>(*options.background));
  return {std::log(own / rest), own / (own + rest)};
}

std::vector<double> RandomCosines(std::mt19937& engine, size_t n, double low, double high) {
  std::uniform_real_distribution<double> uniform(low, high);
  std::vector<double> cosines(n);
  for (double& cosine : cosines) cosine = uniform(engine);
  std::sort(cosines.rbegin(), cosines.rend());
  return cosines;
}

void ExpectDirect(const std::vector<double>& cosines, const MarginTail& tail, const MarginOptions& options) {
  const auto scores = ScoreMargins(cosines, tail, options);
  ASSERT_TRUE(scores.ok()) << scores.status();
  const long double s = options.scale, n = tail.num_classes;
  // See ScoreMargins(): the bound of its comment.
  const double bound = (static_cast<double>(cosines.size()) + 8 + 8 * options.scale +
                        2 * std::log1p(static_cast<double>(tail.num_classes))) * 0x1p-52;
  for (size_t t = 0; t < cosines.size(); ++t) {
    SCOPED_TRACE(t);
    const Direct low = Evaluate(cosines, t, n * std::exp(s * static_cast<long double>(tail.largest_cosine)), options);
    const Direct high = Evaluate(cosines, t, n * std::exp(-s), options);
    const MarginScore& score = (*scores)[t];
    if (std::isinf(low.log_odds)) {
      EXPECT_EQ(score.log_odds_low, kInfinity);
      EXPECT_EQ(score.probability_low, 1);
      continue;
    }
    EXPECT_NEAR(score.log_odds_low, static_cast<double>(low.log_odds), bound);
    EXPECT_NEAR(score.log_odds_high, static_cast<double>(high.log_odds), bound);
    EXPECT_NEAR(score.probability_low, static_cast<double>(low.probability),
                bound * static_cast<double>(low.probability) + std::numeric_limits<double>::denorm_min());
    EXPECT_NEAR(score.probability_high, static_cast<double>(high.probability),
                bound * static_cast<double>(high.probability) + std::numeric_limits<double>::denorm_min());
    EXPECT_LE(score.probability_low, score.probability_high);
  }
}

TEST(MarginTest, EqualsTheFormulaInEightyBitsOnRandomCosines) {
  std::mt19937 engine(4);
  std::uniform_real_distribution<double> margins(-1, 1), backgrounds(-1, 1);
  for (int round = 0; round < 400; ++round) {
    SCOPED_TRACE(round);
    MarginOptions options;
    options.scale = std::exp(std::uniform_real_distribution<double>(-3, 6.9)(engine));
    options.margin = round % 4 == 0 ? 0.35 : margins(engine);
    if (round % 3 == 0) options.background = backgrounds(engine);
    const size_t n = 1 + engine() % 60;
    const double low = round % 2 == 0 ? -1 : 0.7;  // spread out, or close together as e5's
    MarginTail tail;
    const std::vector<double> cosines = RandomCosines(engine, n, low, 1);
    if (round % 5 != 0) tail = {static_cast<int64_t>(engine() % 1000000), cosines.back()};
    ExpectDirect(cosines, tail, options);
  }
}

TEST(MarginTest, EqualsTheFormulaInEightyBitsOnExtremes) {
  const std::vector<std::vector<double>> lists = {
      {1}, {-1}, {1, -1}, {1, 1}, {0, 0, 0}, {1, 1, 1, -1, -1}, {1, 1 - 1e-15}, {1, -1, -1, -1}, {-1, -1},
      {1e-300, 0, -1e-300}, {1.0000005, 0.3}};
  for (const std::vector<double>& cosines : lists) {
    for (const double scale : {0.001, 1.0, 30.0, 64.0, 1000.0}) {
      for (const double margin : {-2.0, 0.0, 0.35, 2.0}) {
        for (const MarginTail& tail : {MarginTail{}, MarginTail{1, cosines.back()}, MarginTail{std::numeric_limits<int64_t>::max(), cosines.back()}}) {
          SCOPED_TRACE(testing::Message() << testing::PrintToString(cosines) << " s " << scale << " m " << margin);
          MarginOptions options = {.scale = scale, .margin = margin};
          ExpectDirect(cosines, tail, options);
          options.background = 0.5;
          ExpectDirect(cosines, tail, options);
        }
      }
    }
  }
}

TEST(MarginTest, ProbabilitiesOfAllClassesSumToOneWithoutAMargin) {
  std::mt19937 engine(5);
  const std::vector<double> cosines = RandomCosines(engine, 40, 0, 1);
  const auto scores = ScoreMargins(cosines, {}, {.margin = 0});
  double sum = 0;
  for (const MarginScore& score : *scores) sum += score.probability_low;
  EXPECT_NEAR(sum, 1, 1e-13);
}

TEST(MarginTest, TheTruthLiesInTheIntervalWhenCandidatesAreCut) {
  std::mt19937 engine(6);
  const std::vector<double> all = RandomCosines(engine, 300, -0.2, 0.9);
  const auto exact = *ScoreMargins(all, {}, {});
  for (const size_t k : {1u, 5u, 50u, 299u}) {
    const std::vector<double> first(all.begin(), all.begin() + static_cast<ptrdiff_t>(k));
    const auto cut = *ScoreMargins(first, {static_cast<int64_t>(300 - k), first.back()}, {});
    for (size_t t = 0; t < k; ++t) {
      EXPECT_LE(cut[t].log_odds_low, exact[t].log_odds_low + 1e-12);
      EXPECT_GE(cut[t].log_odds_high, exact[t].log_odds_low - 1e-12);
    }
  }
}

TEST(MarginTest, TheBestScoredAloneIsTheBestOfAll) {
  std::mt19937 engine(7);
  for (const size_t n : {1u, 2u, 30u}) {
    const std::vector<double> cosines = RandomCosines(engine, n, 0, 1);
    const MarginTail tail = {12, cosines.back()};
    EXPECT_DOUBLE_EQ(ScoreBest(cosines, 1, tail, {}).log_odds_low, ScoreMargins(cosines, tail, {})->at(0).log_odds_low);
  }
}

struct VerdictCase {
  const char* name;
  std::vector<double> cosines;
  MarginOptions options;
  Verdict verdict;
  size_t end_rivals;
};

class VerdictTest : public testing::TestWithParam<VerdictCase> {};

TEST_P(VerdictTest, IsJudged) {
  const VerdictCase& c = GetParam();
  const auto judgement = Judge(c.cosines, {}, c.options);
  ASSERT_TRUE(judgement.ok()) << judgement.status();
  EXPECT_EQ(VerdictName(judgement->verdict), VerdictName(c.verdict));
  EXPECT_EQ(judgement->end_rivals, c.end_rivals);
}

constexpr MarginOptions kOpen = {.scale = 30, .margin = 0.05, .background = 0.5, .accept_probability = 0.5};
constexpr MarginOptions kWide = {
    .scale = 30, .margin = 0.05, .background = 0.5, .accept_probability = 0.5, .ambiguity = 0.02};

INSTANTIATE_TEST_SUITE_P(
    All, VerdictTest,
    testing::Values(VerdictCase{"FarAhead", {0.9, 0.4}, kOpen, Verdict::kAccepted, 1},
                    VerdictCase{"TwoAlike", {0.9, 0.89, 0.3}, kOpen, Verdict::kAmbiguous, 2},
                    VerdictCase{"NothingNear", {0.4, 0.1}, kOpen, Verdict::kUnknown, 1},
                    VerdictCase{"TwoAlikeAndFar", {0.4, 0.39}, kOpen, Verdict::kUnknown, 1},
                    // Leaving one out is not enough, unless both are known as rivals.
                    VerdictCase{"ThreeAlike", {0.9, 0.89, 0.885}, kOpen, Verdict::kUnknown, 1},
                    VerdictCase{"ThreeAlikeNamed", {0.9, 0.89, 0.885, 0.5}, kWide, Verdict::kAmbiguous, 3},
                    VerdictCase{"Ties", {0.9, 0.9}, kOpen, Verdict::kAmbiguous, 2},
                    VerdictCase{"Alone", {0.9}, kOpen, Verdict::kAccepted, 1},
                    VerdictCase{"AloneAndFar", {0.2}, kOpen, Verdict::kUnknown, 1},
                    VerdictCase{"None", {}, kOpen, Verdict::kUnknown, 1}),
    [](const auto& test) { return test.param.name; });

TEST(VerdictTailTest, ManyUnseenClassesForbidAcceptance) {
  EXPECT_EQ(Judge(std::vector<double>{0.9, 0.3}, {1000, 0.3}, kOpen)->verdict, Verdict::kAccepted);
  EXPECT_EQ(Judge(std::vector<double>{0.9, 0.8}, {1000, 0.8}, kOpen)->verdict, Verdict::kUnknown);
}

TEST(MarginTest, NamesWhatIsNoCosine) {
  const auto message = [](std::vector<double> cosines, MarginTail tail = {}) {
    const absl::Status status = ScoreMargins(cosines, tail, {}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(message({0.5, NAN}), HasSubstr("cosine 1 is nan"));
  EXPECT_THAT(message({kInfinity}), HasSubstr("cosine 0 is inf"));
  EXPECT_THAT(message({0.5, 0.6}), HasSubstr("cosine 1 is 0.6 after 0.5"));
  EXPECT_THAT(message({0.5}, {-1, 0}), HasSubstr("a tail of -1 classes"));
  EXPECT_THAT(message({0.5}, {1, NAN}), HasSubstr("up to cosine nan"));
}

TEST(MarginOptionsTest, NamesTheOptionAndItsRange) {
  const auto message = [](MarginOptions options) { return std::string(options.Validate().message()); };
  EXPECT_TRUE(MarginOptions().Validate().ok());
  EXPECT_THAT(message({.scale = 0}), HasSubstr("\"scale\" must be in [0.001, 1000], got 0"));
  EXPECT_THAT(message({.scale = NAN}), HasSubstr("scale"));
  EXPECT_THAT(message({.margin = 3}), HasSubstr("margin"));
  EXPECT_THAT(message({.background = NAN}), HasSubstr("background"));
  EXPECT_THAT(message({.accept_probability = 1.5}), HasSubstr("accept_probability"));
  EXPECT_THAT(message({.ambiguity = -1}), HasSubstr("ambiguity"));
}

}  // namespace
}  // namespace senvec
