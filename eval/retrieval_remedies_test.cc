#include "eval/retrieval_remedies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "eval/measures/resampling.h"
#include "tests/support/angle_encoder.h"

namespace senvec {
namespace {

constexpr int64_t kDim = 8;

// Vectors around a common direction, so that there are hubs.
std::vector<float> Cloud(int n, uint64_t seed) {
  RandomBits random(seed);
  std::vector<float> rows;
  for (int i = 0; i < n * kDim; ++i) {
    const double uniform = static_cast<double>(random() >> 11) / (1ull << 53);
    rows.push_back(static_cast<float>(uniform - 0.5 + (i % kDim == 0 ? 1 : 0)));
  }
  return rows;
}

double Dot(const std::vector<float>& a, int64_t i, const std::vector<float>& b, int64_t j) {
  return std::inner_product(a.begin() + i * kDim, a.begin() + (i + 1) * kDim, b.begin() + j * kDim, 0.0);
}

class RetrievalRemediesTest : public ::testing::Test {
 protected:
  RetrievalRemediesTest() : pool_(2), source_(encoder_, "", nullptr) {
    documents_ = WhitenAndNormalize(raw_documents_, kDim, nullptr);
    queries_ = WhitenAndNormalize(raw_queries_, kDim, nullptr);
    context_.vectors = &source_;
    context_.pool = &pool_;
  }

  // Query q is answered by document q. Keeps the last hits.
  nlohmann::json Report() {
    return RemediesReport({raw_documents_, raw_queries_, kDim, documents_, queries_, kDim}, context_,
                          [&](const TopHits& hits) {
                            hits_.push_back(hits);
                            std::vector<JudgedQuery> judged(queries_.size() / kDim);
                            for (size_t q = 0; q < judged.size(); ++q) {
                              judged[q].relevant = {1};
                              for (int64_t i = 0; i < hits.k; ++i) {
                                judged[q].hits.push_back(hits.documents[q * hits.k + i] == static_cast<int64_t>(q) ? 1 : 0);
                              }
                            }
                            return judged;
                          },
                          notes_);
  }

  const AngleEncoder encoder_;
  ThreadPool pool_;
  SentenceVectors source_;
  TaskContext context_;
  std::vector<float> raw_documents_ = Cloud(60, 1), raw_queries_ = Cloud(20, 2);
  std::vector<float> documents_, queries_;
  nlohmann::json notes_ = nlohmann::json::array();
  std::vector<TopHits> hits_;
};

TEST_F(RetrievalRemediesTest, TriesEachAndSaysWhatItIsWorth) {
  const auto rows = Report();
  std::vector<std::string> names;
  for (const auto& row : rows) {
    names.push_back(row["name"]);
    EXPECT_GE(row["ndcg_10"].get<double>(), 0);
    EXPECT_LE(row["antihub_share"].get<double>(), 1);
  }
  EXPECT_THAT(names, ::testing::ElementsAre("off", "full", "full_small", "small", "csls", "csls_queries"));
  EXPECT_TRUE(notes_.empty()) << notes_.dump();
  // A cloud that is off the origin has hubs, and centring takes them away.
  EXPECT_LT(rows[1]["skewness"].get<double>(), rows[0]["skewness"].get<double>());
}

TEST_F(RetrievalRemediesTest, CslsOrdersByTheCosineLessHalfTheMeanOfTheNearest) {
  Report();
  const int64_t n = 60;
  std::vector<double> r(n);
  for (int64_t d = 0; d < n; ++d) {
    std::vector<double> cosines;
    for (int64_t other = 0; other < n; ++other) {
      if (other != d) cosines.push_back(Dot(documents_, d, documents_, other));
    }
    std::partial_sort(cosines.begin(), cosines.begin() + 10, cosines.end(), std::greater<>());
    r[d] = std::accumulate(cosines.begin(), cosines.begin() + 10, 0.0) / 10;
  }
  const TopHits& hits = hits_[hits_.size() - 2];
  for (int64_t q = 0; q < 20; ++q) {
    for (int64_t i = 0; i < hits.k; ++i) {
      const int64_t d = hits.documents[q * hits.k + i];
      EXPECT_NEAR(hits.scores[q * hits.k + i], Dot(queries_, q, documents_, d) - r[d] / 2, 1e-5);
    }
    const int64_t best = hits.documents[q * hits.k];
    for (int64_t d = 0; d < n; ++d) {
      EXPECT_GE(Dot(queries_, q, documents_, best) - r[best] / 2, Dot(queries_, q, documents_, d) - r[d] / 2 - 1e-5);
    }
  }
}

TEST_F(RetrievalRemediesTest, EqualDocumentsAreNeighboursOfEachOther) {
  for (int64_t d = 1; d < 15; ++d) std::copy_n(documents_.begin(), kDim, documents_.begin() + d * kDim);
  Report();
  // Of 15 equal documents each has ten others at cosine 1, so that r is 1.
  const TopHits& hits = hits_[hits_.size() - 2];
  for (size_t i = 0; i < hits.documents.size(); ++i) {
    const int64_t q = static_cast<int64_t>(i) / hits.k, d = hits.documents[i];
    if (d >= 15) continue;
    EXPECT_NEAR(hits.scores[i], Dot(queries_, q, documents_, d) - 0.5, 1e-5);
  }
}

TEST_F(RetrievalRemediesTest, OneDocumentHasNoneNearIt) {
  raw_documents_.resize(kDim);
  documents_.resize(kDim);
  const auto rows = Report();
  ASSERT_EQ(rows.size(), 3u);  // no whitening of one vector
  EXPECT_EQ(notes_.size(), 3u);
  EXPECT_EQ(rows[0]["ndcg_10"], rows[1]["ndcg_10"]);
}

TEST_F(RetrievalRemediesTest, WhatIsWhitenedAlreadyIsNotWhitenedAgain) {
  WhiteningStatistics statistics(kDim);
  ASSERT_TRUE(statistics.Add(raw_documents_).ok());
  const Whitening whitening = *Whitening::Fit(statistics, {}, "");
  context_.whitening = &whitening;
  const auto rows = Report();
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[1]["name"], "csls");
}

}  // namespace
}  // namespace senvec
