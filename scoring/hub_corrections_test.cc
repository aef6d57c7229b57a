#include "scoring/hub_corrections.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "absl/algorithm/container.h"
#include "scoring/hub_scores.h"

namespace senvec {
namespace {

using testing::HasSubstr;

// Exact search over a few vectors of length 1.
class Vectors : public HubNeighborSource {
 public:
  void Put(int64_t row, std::vector<float> vector) { vectors_[row] = std::move(vector); }
  void Erase(int64_t row) { vectors_.erase(row); }
  void Fail(bool fail) { fail_ = fail; }
  float Cosine(int64_t a, int64_t b) const {
    double sum = 0;
    for (size_t i = 0; i < vectors_.at(a).size(); ++i) sum += double{vectors_.at(a)[i]} * vectors_.at(b)[i];
    return static_cast<float>(sum);
  }
  absl::StatusOr<std::vector<HubNeighbor>> NearestTo(int64_t row, int32_t k) const override {
    if (fail_) return absl::UnavailableError("the disk is gone");
    std::vector<HubNeighbor> all;
    for (const auto& [other, vector] : vectors_) {
      if (other != row) all.push_back({other, Cosine(row, other)});
    }
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
      return a.cosine != b.cosine ? a.cosine > b.cosine : a.row < b.row;
    });
    if (all.size() > static_cast<size_t>(k)) all.resize(static_cast<size_t>(k));
    return all;
  }
  std::vector<int64_t> Rows() const {
    std::vector<int64_t> rows;
    for (const auto& [row, vector] : vectors_) rows.push_back(row);
    return rows;
  }

 private:
  std::map<int64_t, std::vector<float>> vectors_;
  bool fail_ = false;
};

// Points of a narrow cloud about one direction, whose centre is near to all: hubs, as in high dimensions.
std::vector<float> HubbyVector(std::mt19937& engine, size_t dim) {
  std::normal_distribution<float> normal;
  const float radius = std::exp(0.5f * normal(engine));
  std::vector<float> vector(dim);
  double squares = 0;
  for (size_t i = 0; i < dim; ++i) {
    vector[i] = radius * normal(engine) / std::sqrt(static_cast<float>(dim)) + (i == 0 ? 1.5f : 0.f);
    squares += double{vector[i]} * vector[i];
  }
  for (float& value : vector) value /= static_cast<float>(std::sqrt(squares));
  return vector;
}

void ExpectEqual(const HubCorrections& a, const HubCorrections& b, const std::vector<int64_t>& rows) {
  ASSERT_EQ(a.size(), b.size());
  for (const int64_t row : rows) {
    const auto left = a.Neighbors(row), right = b.Neighbors(row);
    ASSERT_EQ(left.size(), right.size()) << row;
    for (size_t i = 0; i < left.size(); ++i) {
      EXPECT_EQ(left[i].row, right[i].row) << row;
      EXPECT_EQ(left[i].cosine, right[i].cosine) << row;
    }
  }
}

TEST(HubCorrectionsTest, ComingAndGoingEqualsANewTable) {
  std::mt19937 engine(1);
  Vectors vectors;
  auto table = *HubCorrections::Create({.neighbors = 4});
  std::vector<int64_t> present;
  for (int step = 0; step < 300; ++step) {
    if (present.empty() || engine() % 5 < 3) {
      const int64_t row = 1000 - step;
      // Now and then a vector that is there already, so that cosines tie.
      vectors.Put(row, step % 11 == 0 ? std::vector<float>{1, 0, 0} : HubbyVector(engine, 3));
      ASSERT_TRUE(table.Add(row, vectors).ok());
      present.push_back(row);
    } else {
      const size_t at = engine() % present.size();
      vectors.Erase(present[at]);
      ASSERT_TRUE(table.Remove(present[at], vectors).ok());
      present.erase(present.begin() + static_cast<ptrdiff_t>(at));
    }
    if (step % 30 != 29) continue;
    auto fresh = *HubCorrections::Create({.neighbors = 4});
    ASSERT_TRUE(fresh.Rebuild(vectors.Rows(), vectors).ok());
    ExpectEqual(table, fresh, vectors.Rows());
  }
}

TEST(HubCorrectionsTest, ASmallReachIsNearlyRight) {
  std::mt19937 engine(2);
  Vectors vectors;
  auto table = *HubCorrections::Create({.neighbors = 5, .reach = 50});
  for (int64_t row = 0; row < 400; ++row) {
    vectors.Put(row, HubbyVector(engine, 16));
    ASSERT_TRUE(table.Add(row, vectors).ok());
  }
  auto fresh = *HubCorrections::Create({.neighbors = 5});
  ASSERT_TRUE(fresh.Rebuild(vectors.Rows(), vectors).ok());
  double largest = 0;
  for (const int64_t row : vectors.Rows()) {
    EXPECT_LE(table.MeanCosine(row), fresh.MeanCosine(row) + 1e-7);  // a neighbour is missed, never invented
    largest = std::max(largest, fresh.MeanCosine(row) - table.MeanCosine(row));
  }
  EXPECT_LT(largest, 0.15);
}

TEST(HubCorrectionsTest, MeansAreThoseOfTheNearest) {
  Vectors vectors;
  vectors.Put(1, {1, 0});
  vectors.Put(2, {0.6f, 0.8f});
  vectors.Put(3, {0, 1});
  auto table = *HubCorrections::Create({.neighbors = 2});
  for (const int64_t row : {1, 2, 3}) ASSERT_TRUE(table.Add(row, vectors).ok());
  EXPECT_NEAR(table.MeanCosine(1), 0.3, 1e-6);
  EXPECT_NEAR(table.MeanCosine(2), 0.7, 1e-6);
  EXPECT_NEAR(table.FarthestCosine(2), 0.6, 1e-6);
  EXPECT_EQ(table.MeanCosine(9), 0);
  EXPECT_EQ(table.FarthestCosine(9), 1);
}

TEST(HubCorrectionsTest, OneRowHasNoNeighbours) {
  Vectors vectors;
  vectors.Put(7, {1, 0});
  auto table = *HubCorrections::Create({});
  ASSERT_TRUE(table.Add(7, vectors).ok());
  EXPECT_EQ(table.MeanCosine(7), 0);
  vectors.Erase(7);
  ASSERT_TRUE(table.Remove(7, vectors).ok());
  EXPECT_EQ(table.size(), 0);
}

TEST(HubCorrectionsTest, ErrorsOfTheSourceAreTold) {
  std::mt19937 engine(3);
  Vectors vectors;
  auto table = *HubCorrections::Create({.neighbors = 3});
  for (int64_t row = 0; row < 20; ++row) {
    vectors.Put(row, HubbyVector(engine, 4));
    ASSERT_TRUE(table.Add(row, vectors).ok());
  }
  EXPECT_EQ(table.Add(3, vectors).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(table.Remove(99, vectors).code(), absl::StatusCode::kNotFound);
  vectors.Fail(true);
  EXPECT_EQ(table.Add(50, vectors).code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(table.Contains(50));
  vectors.Erase(4);
  EXPECT_EQ(table.Remove(4, vectors).code(), absl::StatusCode::kUnavailable);
  vectors.Fail(false);
  ASSERT_TRUE(table.Repair(vectors).ok());
  auto fresh = *HubCorrections::Create({.neighbors = 3});
  ASSERT_TRUE(fresh.Rebuild(vectors.Rows(), vectors).ok());
  ExpectEqual(table, fresh, vectors.Rows());
  vectors.Put(60, {NAN, 0, 0, 0});
  EXPECT_THAT(std::string(table.Add(60, vectors).message()), HasSubstr("have cosine nan"));
}

TEST(HubOptionsTest, AreChecked) {
  EXPECT_TRUE(HubOptions().Validate().ok());
  EXPECT_FALSE(HubOptions{.neighbors = 0}.Validate().ok());
  EXPECT_FALSE((HubOptions{.neighbors = 10, .reach = 9}.Validate().ok()));
}

// E[(N_k − μ)³]/σ³ of how often each row is among the k nearest of another, by the given score (METHODS 5.2).
template <typename Score>
double Skewness(const Vectors& vectors, int32_t k, const Score& score) {
  const std::vector<int64_t> rows = vectors.Rows();
  std::vector<double> occurrences(rows.size(), 0);
  for (const int64_t query : rows) {
    std::vector<std::pair<double, size_t>> scored;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (rows[i] != query) scored.emplace_back(score(query, rows[i]), i);
    }
    std::partial_sort(scored.begin(), scored.begin() + k, scored.end(), std::greater<>());
    for (int32_t i = 0; i < k; ++i) ++occurrences[scored[static_cast<size_t>(i)].second];
  }
  double squares = 0, cubes = 0;
  for (const double n : occurrences) {
    squares += (n - k) * (n - k);
    cubes += (n - k) * (n - k) * (n - k);
  }
  const double n = static_cast<double>(rows.size());
  return cubes / n / std::pow(squares / n, 1.5);
}

TEST(HubScoresTest, CorrectionsTakeTheSkewOutOfHubs) {
  std::mt19937 engine(4);
  Vectors vectors;
  for (int64_t row = 0; row < 600; ++row) vectors.Put(row, HubbyVector(engine, 60));
  auto table = *HubCorrections::Create({.neighbors = 10});
  ASSERT_TRUE(table.Rebuild(vectors.Rows(), vectors).ok());
  std::map<int64_t, double> log_sums;
  for (const int64_t row : vectors.Rows()) {
    std::vector<float> cosines;
    for (const int64_t other : vectors.Rows()) {
      if (other != row) cosines.push_back(vectors.Cosine(row, other));
    }
    log_sums[row] = LogSumExp(cosines, 30);
  }
  const double plain = Skewness(vectors, 10, [&](int64_t q, int64_t d) { return vectors.Cosine(q, d); });
  const double csls = Skewness(vectors, 10, [&](int64_t q, int64_t d) {
    return Csls(vectors.Cosine(q, d), table.MeanCosine(q), table.MeanCosine(d));
  });
  const double scaled = Skewness(vectors, 10, [&](int64_t q, int64_t d) {
    return LocalScaling(vectors.Cosine(q, d), table.FarthestCosine(q), table.FarthestCosine(d));
  });
  const double inverted = Skewness(vectors, 10, [&](int64_t q, int64_t d) {
    return InvertedSoftmax(vectors.Cosine(q, d), 30, log_sums[d]);
  });
  EXPECT_GT(plain, 5);  // hubs are there: 6.2
  EXPECT_LT(csls, 0.65 * plain);
  EXPECT_LT(scaled, 0.65 * plain);
  EXPECT_LT(inverted, 0.65 * plain);
  RecordProperty("plain", testing::PrintToString(plain));
  RecordProperty("csls", testing::PrintToString(csls));
  RecordProperty("local_scaling", testing::PrintToString(scaled));
  RecordProperty("inverted_softmax", testing::PrintToString(inverted));
}

TEST(HubScoresTest, ScoresAreThoseOfTheFormulas) {
  EXPECT_NEAR(Csls(0.9, 0.5, 0.3), 1.0, 1e-15);
  EXPECT_NEAR(LocalScaling(0.5, 0.5, 0.875), -1 / (1.0 * 0.5), 1e-15);
  EXPECT_TRUE(std::isfinite(LocalScaling(0.5, 1, 1)));
  EXPECT_NEAR(LogSumExp(std::vector<float>{0.5f, -0.25f}, 30), std::log(std::exp(15) + std::exp(-7.5)), 1e-12);
  EXPECT_NEAR(LogSumExp(std::vector<float>{1, 1}, 1e6), 1e6 + std::log(2), 1e-9);
  EXPECT_LT(LogSumExp({}, 30), -1e300);
  EXPECT_NEAR(MeanOfLargest(std::vector<float>{1, 4, 2}, 2), 3, 1e-15);
  EXPECT_NEAR(MeanOfLargest(std::vector<float>{1, 4}, 10), 2.5, 1e-15);
  EXPECT_EQ(MeanOfLargest({}, 3), 0);
}

TEST(HubScoresTest, OrdersHitsWithoutTheHub) {
  const std::vector<double> cosines = {0.8, 0.78, 0.5}, means = {0.9, 0.6, NAN};
  EXPECT_THAT(OrderByCsls(cosines, means), testing::ElementsAre(2, 1, 0));
  EXPECT_THAT(OrderByCsls(cosines, std::vector<double>{0.4, 0.4, 0.4}), testing::ElementsAre(0, 1, 2));
  EXPECT_TRUE(OrderByCsls({}, {}).empty());
}

TEST(HubScoresTest, MeansAgainstQueriesAreThoseOfTheNearestOnes) {
  const std::vector<float> documents = {1, 0, 0.6f, 0.8f}, queries = {1, 0, 0, 1, 0.8f, 0.6f};
  const auto means = MeanCosinesWithQueries(documents, queries, 2, 2);
  ASSERT_TRUE(means.ok()) << means.status();
  EXPECT_NEAR(means->at(0), 0.9, 1e-6);
  EXPECT_NEAR(means->at(1), (0.96 + 0.8) / 2, 1e-6);
  EXPECT_FALSE(MeanCosinesWithQueries(documents, {}, 2, 2).ok());
  EXPECT_FALSE(MeanCosinesWithQueries(documents, queries, 4, 2).ok());
  EXPECT_FALSE(MeanCosinesWithQueries(documents, queries, 2, 0).ok());
  EXPECT_THAT(std::string(MeanCosinesWithQueries(std::vector<float>{1, 0, NAN, 0}, queries, 2, 2).status().message()),
              HasSubstr("document 1 has cosine nan"));
}

}  // namespace
}  // namespace senvec
