#include "eval/whiten_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "eval/measures/correlation.h"
#include "eval/measures/resampling.h"
#include "eval/sentence_vectors.h"
#include "eval/sts.h"

namespace senvec {
namespace {

constexpr int32_t kDim = 24;

// Vectors around a common mean with components of unequal spread, and pairs that are alike by label.
struct Data {
  std::vector<float> rows;
  PairVectors pairs;
};

Data MakeData(int num_pairs, uint64_t seed) {
  RandomBits random(seed);
  const auto noise = [&] {
    return static_cast<double>(RandomBelow(random, 2000001)) / 1000000 - 1;
  };
  Data data;
  for (int i = 0; i < num_pairs; ++i) {
    const int label = static_cast<int>(RandomBelow(random, 6));
    std::vector<float> first, second;
    for (int j = 0; j < kDim; ++j) {
      const double spread = 1.0 / (1 + j), mean = j < 3 ? 1.5 : 0.1;
      const double common = noise();
      const double share = label / 5.0;
      first.push_back(static_cast<float>(mean + spread * common));
      second.push_back(static_cast<float>(mean + spread * (share * common + (1 - share) * noise())));
    }
    data.rows.insert(data.rows.end(), first.begin(), first.end());
    data.rows.insert(data.rows.end(), second.begin(), second.end());
    data.pairs.pairs.emplace_back(2 * i, 2 * i + 1);
    data.pairs.labels.push_back(label);
  }
  return data;
}

class WhitenSearchTest : public ::testing::Test {
 protected:
  WhitenSearchTest() : dev_(MakeData(300, 1)), test_(MakeData(200, 2)), statistics_(kDim), pool_(2) {
    dev_.pairs.rows = dev_.rows;
    test_.pairs.rows = test_.rows;
    EXPECT_TRUE(statistics_.Add(dev_.rows).ok());
  }

  // Spearman's ρ by fitting and applying one transform.
  double Direct(const WhitenPoint& point, const Data& data) const {
    const auto whitening = Whitening::Fit(
        statistics_, {.k = point.k, .beta = point.beta, .gamma = point.gamma}, "model");
    const std::vector<float> rows = WhitenAndNormalize(data.rows, kDim, &*whitening);
    std::vector<double> cosines;
    for (const auto& [a, b] : data.pairs.pairs) {
      const auto row = [&](int64_t i) {
        return absl::MakeConstSpan(rows).subspan(i * point.k, point.k);
      };
      cosines.push_back(Cosine(row(a), row(b)));
    }
    return *SpearmanCorrelation(cosines, data.pairs.labels);
  }

  Data dev_, test_;
  WhiteningStatistics statistics_;
  ThreadPool pool_;
};

TEST_F(WhitenSearchTest, EqualsFittingAndApplyingEachTransform) {
  const WhitenGrid grid = {{3, 5, 8, kDim}, {0, 0.4, 1}, {0, 0.5, 1, -0.3}};
  const auto points = SearchWhitening(statistics_, dev_.pairs, test_.pairs, grid, pool_);
  ASSERT_TRUE(points.ok()) << points.status();
  ASSERT_EQ(points->size(), 48u);
  for (const WhitenPoint& point : *points) {
    // Rounding in fp32 swaps neighbours in rank now and then.
    EXPECT_NEAR(point.dev, Direct(point, dev_), 2e-4) << point.k << " " << point.beta << " " << point.gamma;
    EXPECT_NEAR(point.test, Direct(point, test_), 2e-4);
  }
}

TEST_F(WhitenSearchTest, BetaAndGammaOfZeroWithAllComponentsChangeNothing) {
  const auto points = SearchWhitening(statistics_, dev_.pairs, {}, {{kDim}, {0}, {0}}, pool_);
  std::vector<double> cosines;
  for (const auto& [a, b] : dev_.pairs.pairs) {
    const auto rows = absl::MakeConstSpan(dev_.rows);
    cosines.push_back(Cosine(rows.subspan(a * kDim, kDim), rows.subspan(b * kDim, kDim)));
  }
  EXPECT_NEAR(points->front().dev, *SpearmanCorrelation(cosines, dev_.pairs.labels), 2e-4);
  EXPECT_TRUE(std::isnan(points->front().test));
}

TEST_F(WhitenSearchTest, FindsABetterPointThanNoWhitening) {
  const auto points =
      SearchWhitening(statistics_, dev_.pairs, test_.pairs, WhitenGrid::Coarse(kDim), pool_);
  const WhitenPoint* best = BestPoint(*points);
  for (const WhitenPoint& point : *points) EXPECT_GE(best->dev, point.dev);
  const auto plain = std::find_if(points->begin(), points->end(), [](const WhitenPoint& p) {
    return p.k == kDim && p.beta == 0 && p.gamma == 0;
  });
  ASSERT_NE(plain, points->end());
  EXPECT_GT(best->dev, plain->dev + 0.02);
}

TEST_F(WhitenSearchTest, DoesNotDependOnTheNumberOfThreads) {
  ThreadPool one(1);
  const WhitenGrid grid = WhitenGrid::Coarse(kDim);
  const auto a = SearchWhitening(statistics_, dev_.pairs, test_.pairs, grid, pool_);
  const auto b = SearchWhitening(statistics_, dev_.pairs, test_.pairs, grid, one);
  for (size_t i = 0; i < a->size(); ++i) EXPECT_EQ((*a)[i].dev, (*b)[i].dev);
}

TEST_F(WhitenSearchTest, RefusesBadGridsAndPairs) {
  const auto code = [&](const PairVectors& dev, const WhitenGrid& grid) {
    return SearchWhitening(statistics_, dev, {}, grid, pool_).status().code();
  };
  constexpr auto kBad = absl::StatusCode::kInvalidArgument;
  EXPECT_EQ(code(dev_.pairs, {{}, {0}, {0}}), kBad);
  EXPECT_EQ(code(dev_.pairs, {{8, 4}, {0}, {0}}), kBad);
  EXPECT_EQ(code(dev_.pairs, {{kDim + 1}, {0}, {0}}), kBad);
  EXPECT_EQ(code(dev_.pairs, {{4}, {NAN}, {0}}), kBad);
  PairVectors outside = dev_.pairs;
  outside.pairs[0].first = 100000;
  EXPECT_EQ(code(outside, {{4}, {0}, {0}}), kBad);
  WhiteningStatistics none(kDim);
  EXPECT_EQ(SearchWhitening(none, dev_.pairs, {}, {{4}, {0}, {0}}, pool_).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(WhitenSearchTest, PairsWithoutACorrelationHaveNoBestPoint) {
  PairVectors equal = dev_.pairs;
  std::fill(equal.labels.begin(), equal.labels.end(), 1.0);
  const auto points = SearchWhitening(statistics_, equal, {}, {{4}, {0}, {0}}, pool_);
  ASSERT_TRUE(points.ok());
  EXPECT_EQ(BestPoint(*points), nullptr);
}

}  // namespace
}  // namespace senvec
