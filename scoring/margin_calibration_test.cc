#include "scoring/margin_calibration.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "absl/strings/str_cat.h"
#include "scoring/margin_fit.h"

namespace senvec {
namespace {

using testing::HasSubstr;

// Queries as an encoder with cosines in a narrow band would give them: a right class lies above the others' cloud, whose
// height differs from query to query. A third has no answer; of the others some have a rival or a wrong class above.
std::vector<CalibrationQuery> Synthetic(size_t n, uint32_t seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<double> normal;
  std::vector<CalibrationQuery> queries(n);
  for (size_t q = 0; q < n; ++q) {
    CalibrationQuery& query = queries[q];
    query.text = absl::StrCat("query ", seed, " ", q);
    query.answerable = q % 3 != 0;
    const double level = 0.6 + 0.08 * normal(engine);
    for (int i = 0; i < 20; ++i) query.cosines.push_back(std::min(0.99, level + 0.03 * normal(engine)));
    double right = -2;
    if (query.answerable) {
      right = std::min(1.0, level + 0.18 + 0.08 * normal(engine));
      query.cosines.push_back(right);
    }
    std::sort(query.cosines.rbegin(), query.cosines.rend());
    if (query.answerable) {
      query.truth = static_cast<int32_t>(std::find(query.cosines.begin(), query.cosines.end(), right) - query.cosines.begin());
    }
    query.tail = {100, query.cosines.back()};
  }
  return queries;
}

std::vector<const CalibrationQuery*> Pointers(const std::vector<CalibrationQuery>& queries) {
  std::vector<const CalibrationQuery*> pointers;
  for (const CalibrationQuery& query : queries) pointers.push_back(&query);
  return pointers;
}

TEST(MarginFitTest, LosesNoMoreThanAnyPointOfAGrid) {
  const auto queries = Synthetic(400, 1);
  const auto pointers = Pointers(queries);
  for (const bool background : {false, true}) {
    const double fitted = MarginLoss(pointers, FitMargin(pointers, background));
    for (const double s : {5.0, 10.0, 20.0, 30.0, 40.0, 60.0, 100.0}) {
      for (double m = -0.4; m <= 0.4; m += 0.05) {
        EXPECT_LE(fitted, MarginLoss(pointers, {.scale = s, .margin = m}) + 1e-6);
        for (double b = 0.3; background && b < 0.9; b += 0.1) {
          EXPECT_LE(fitted, MarginLoss(pointers, {.scale = s, .margin = m, .background = b}) + 1e-6);
        }
      }
    }
  }
}

TEST(MarginFitTest, StaysFiniteWhereAThresholdSeparates) {
  std::vector<CalibrationQuery> queries;
  for (int i = 0; i < 40; ++i) {
    const bool good = i % 2 == 0;
    queries.push_back({absl::StrCat(i), {good ? 0.9 : 0.5, 0.4}, {}, good, good ? 0 : -1});
  }
  const MarginOptions options = FitMargin(Pointers(queries), true);
  EXPECT_TRUE(options.Validate().ok());
  EXPECT_LT(MarginLoss(Pointers(queries), options), 0.25);
}

TEST(CalibrateMarginTest, ReachesTheWantedPrecisionOnTheOtherHalf) {
  const auto calibration = CalibrateMargin(Synthetic(3000, 2), {.precision = 0.95});
  ASSERT_TRUE(calibration.ok()) << calibration.status();
  ASSERT_EQ(calibration->scorers.size(), 4u);
  for (const ScorerMeasure& scorer : calibration->scorers) {
    ASSERT_TRUE(scorer.tune.has_value()) << scorer.name;
    EXPECT_GE(scorer.tune->precision, 0.95);
    EXPECT_GT(scorer.held_out->precision, 0.92) << scorer.name;  // ±0.01 for some 700 accepted
    EXPECT_GT(scorer.held_out_auroc.value(), 0.8);
  }
  // A class's lead tells more here than its height.
  EXPECT_GT(calibration->scorers.back().held_out->coverage, calibration->scorers.front().held_out->coverage);
  const VerdictCounts& counts = calibration->held_out;
  EXPECT_EQ(counts.accepted + counts.ambiguous + counts.unknown, calibration->num_held_out);
  EXPECT_EQ(calibration->num_tune + calibration->num_held_out, 3000);
  EXPECT_EQ(calibration->num_answerable, 2000);
  // What is judged and what was measured are the same.
  const auto chosen = std::find_if(calibration->scorers.begin(), calibration->scorers.end(),
                                   [&](const auto& scorer) { return scorer.name == calibration->chosen; });
  EXPECT_EQ(counts.accepted, chosen->held_out->num_accepted);
  EXPECT_EQ(counts.accepted_correct, chosen->held_out->num_correct);
}

TEST(CalibrateMarginTest, DoesNotDependOnTheOrder) {
  auto queries = Synthetic(300, 3);
  const auto first = *CalibrateMargin(queries, {.precision = 0.9});
  std::reverse(queries.begin(), queries.end());
  const auto second = *CalibrateMargin(queries, {.precision = 0.9});
  EXPECT_EQ(first.options.scale, second.options.scale);
  EXPECT_EQ(first.options.margin, second.options.margin);
  EXPECT_EQ(first.options.accept_probability, second.options.accept_probability);
  EXPECT_EQ(first.options.ambiguity, second.options.ambiguity);
  EXPECT_EQ(first.held_out.accepted, second.held_out.accepted);
}

TEST(CalibrateMarginTest, AQueryThatComesTwiceStaysInOneHalf) {
  auto queries = Synthetic(2, 4);
  queries[0].answerable = true;
  queries[0].truth = 0;
  queries[1] = queries[0];
  const auto calibration = CalibrateMargin(queries, {.precision = 0.5});
  ASSERT_TRUE(calibration.ok()) << calibration.status();
  EXPECT_EQ(calibration->num_tune, 2);
}

TEST(CalibrateMarginTest, WithoutUnanswerableQueriesThereIsNoAuroc) {
  std::vector<CalibrationQuery> queries;
  for (CalibrationQuery& query : Synthetic(300, 5)) {
    if (query.answerable) queries.push_back(std::move(query));
  }
  const auto calibration = CalibrateMargin(queries, {.precision = 0.9});
  ASSERT_TRUE(calibration.ok()) << calibration.status();
  EXPECT_FALSE(calibration->scorers[0].tune_auroc.has_value());
  EXPECT_TRUE(calibration->scorers[0].tune.has_value());
}

TEST(CalibrateMarginTest, QueriesWithoutCandidatesAreNeverAccepted) {
  auto queries = Synthetic(200, 6);
  for (size_t i = 0; i < 60; ++i) {
    queries[i].cosines.clear();
    queries[i].tail = {};
    queries[i].truth = -1;
  }
  const auto calibration = CalibrateMargin(queries, {.precision = 0.9});
  ASSERT_TRUE(calibration.ok()) << calibration.status();
  EXPECT_GT(calibration->held_out.unknown, 20);
}

TEST(CalibrateMarginTest, SaysWhatIsWrong) {
  const auto fault = [](std::vector<CalibrationQuery> queries, double precision = 0.9) {
    return std::string(CalibrateMargin(queries, {.precision = precision}).status().message());
  };
  EXPECT_THAT(fault({}), HasSubstr("0 queries, 0 of them with an answer"));
  auto unanswerable = Synthetic(9, 7);
  for (auto& query : unanswerable) {
    query.answerable = false;
    query.truth = -1;
  }
  EXPECT_THAT(fault(unanswerable), HasSubstr("9 queries, 0 of them"));
  auto queries = Synthetic(9, 8);
  queries[4].cosines[2] = NAN;
  EXPECT_THAT(fault(queries), HasSubstr("query \"query 8 4\": cosine 2 is nan"));
  queries = Synthetic(9, 8);
  queries[4].truth = 21;
  EXPECT_THAT(fault(queries), HasSubstr("truth 21 is not among its 21 candidates"));
  queries = Synthetic(9, 8);
  queries[0].truth = 0;
  EXPECT_THAT(fault(queries), HasSubstr("has no answer and yet an expected class"));
  EXPECT_THAT(fault(Synthetic(9, 8), 0), HasSubstr("precision"));
  EXPECT_THAT(fault(Synthetic(9, 8), NAN), HasSubstr("precision"));
}

TEST(CalibrateMarginTest, TellsWhatPrecisionIsReachedWhereTheWantedOneIsNot) {
  auto queries = Synthetic(60, 9);
  for (auto& query : queries) query.truth = std::min(query.truth, query.truth < 0 ? -1 : 3) == 0 ? 1 : query.truth;
  const absl::Status status = CalibrateMargin(queries, {.precision = 0.9}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("the highest there is 0.0000"));
}

}  // namespace
}  // namespace senvec
