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

// Rows in memory.
class Vectors : public HubRows {
 public:
  void Put(uint32_t row, std::vector<float> vector) {
    vectors_[row] = std::move(vector);
    TakeIds();
  }
  void Erase(uint32_t row) {
    vectors_.erase(row);
    TakeIds();
  }
  void Fail(bool fail) { fail_ = fail; }
  float Cosine(uint32_t a, uint32_t b) const {
    double sum = 0;
    for (size_t i = 0; i < vectors_.at(a).size(); ++i) sum += double{vectors_.at(a)[i]} * vectors_.at(b)[i];
    return static_cast<float>(sum);
  }
  // By definition: all others, sorted.
  std::vector<HubNeighbor> Nearest(uint32_t row, size_t k) const {
    std::vector<HubNeighbor> all;
    for (const auto& [other, vector] : vectors_) {
      if (other != row) all.push_back({other, Cosine(row, other)});
    }
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
      return a.cosine != b.cosine ? a.cosine > b.cosine : a.row < b.row;
    });
    if (all.size() > k) all.resize(k);
    return all;
  }

  absl::Span<const uint32_t> ids() const override { return ids_; }
  int32_t dim() const override { return vectors_.empty() ? 1 : static_cast<int32_t>(vectors_.begin()->second.size()); }
  absl::Status Read(int64_t first, int64_t count, absl::Span<float> out) const override {
    if (fail_) return absl::UnavailableError("the disk is gone");
    for (int64_t i = 0; i < count; ++i) {
      const std::vector<float>& vector = vectors_.at(ids_[static_cast<size_t>(first + i)]);
      std::copy(vector.begin(), vector.end(), out.begin() + i * static_cast<int64_t>(vector.size()));
    }
    return absl::OkStatus();
  }

 private:
  void TakeIds() {
    ids_.clear();
    for (const auto& [row, vector] : vectors_) ids_.push_back(row);
  }

  std::map<uint32_t, std::vector<float>> vectors_;
  std::vector<uint32_t> ids_;
  bool fail_ = false;
};

bool Always() { return true; }

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

// The table equals what the definition gives, and nothing else is in it.
void ExpectExact(const HubCorrections& table, const Vectors& vectors, size_t k) {
  ASSERT_EQ(table.size(), static_cast<int64_t>(vectors.ids().size()));
  for (const uint32_t row : vectors.ids()) {
    const std::vector<HubNeighbor> nearest = vectors.Nearest(row, k);
    const absl::Span<const HubNeighbor> list = table.Neighbors(row);
    ASSERT_GE(list.size(), nearest.size()) << row;
    double sum = 0;
    for (size_t i = 0; i < nearest.size(); ++i) {
      ASSERT_NEAR(list[i].cosine, nearest[i].cosine, 1e-6) << row;
      sum += nearest[i].cosine;
    }
    EXPECT_NEAR(*table.MeanCosine(row), nearest.empty() ? 0 : sum / static_cast<double>(nearest.size()), 1e-6) << row;
  }
}

// What a program that stores TakeChanges() has on disk.
class Disk {
 public:
  // Writes at most `limit` lists, in the order in which it is to be done.
  void Write(HubCorrections& table, size_t limit = 1 << 30) {
    const HubCorrections::Changes changes = table.TakeChanges();
    for (const std::vector<uint32_t>* rows : {&changes.changed, &changes.added}) {
      for (const uint32_t row : *rows) {
        if (limit-- == 0) return;
        lists_[row].assign(table.Neighbors(row).begin(), table.Neighbors(row).end());
      }
    }
    for (const uint32_t row : changes.removed) lists_.erase(row);
  }
  HubCorrections Read(const HubOptions& options) const {
    HubCorrections table = *HubCorrections::Create(options);
    for (const auto& [row, list] : lists_) table.Restore(row, list);
    return table;
  }

 private:
  std::map<uint32_t, std::vector<HubNeighbor>> lists_;
};

TEST(HubCorrectionsTest, EqualTheDefinitionWhateverComesAndGoes) {
  for (const HubOptions options : {HubOptions{.neighbors = 3, .spare = 2}, HubOptions{.neighbors = 4, .spare = 0}, HubOptions{}}) {
    std::mt19937 engine(7);
    Vectors vectors;
    Disk disk;
    HubCorrections table = *HubCorrections::Create(options);
    uint32_t next_row = 0;
    for (int step = 0; step < 60; ++step) {
      const uint32_t added = step % 9 == 0 ? 30 : engine() % 4;
      for (uint32_t i = 0; i < added; ++i) vectors.Put(next_row++, HubbyVector(engine, 12));
      // Now and then most go.
      const uint32_t removed = step % 13 == 12 ? static_cast<uint32_t>(vectors.ids().size()) - 3 : engine() % 4;
      for (uint32_t i = 0; i < removed && vectors.ids().size() > 1; ++i) {
        vectors.Erase(vectors.ids()[engine() % vectors.ids().size()]);
      }
      ASSERT_TRUE(table.Update(vectors, Always).ok());
      ASSERT_NO_FATAL_FAILURE(ExpectExact(table, vectors, static_cast<size_t>(options.neighbors))) << "step " << step;
      // A restart, after all or a beginning was written.
      if (step % 3 == 0) {
        disk.Write(table, step % 2 == 0 ? engine() % 20 : 1 << 30);
        table = disk.Read(options);
      } else {
        disk.Write(table);
      }
    }
  }
}

TEST(HubCorrectionsTest, ManyRowsTakeSeveralWalks) {
  std::mt19937 engine(3);
  Vectors vectors;
  for (uint32_t row = 0; row < 2500; ++row) vectors.Put(row * 3, HubbyVector(engine, 6));
  HubCorrections table = *HubCorrections::Create({});
  ASSERT_TRUE(table.Update(vectors, Always).ok());
  for (const uint32_t row : {0u, 3u * 2047, 3u * 2048, 3u * 2499}) {
    const std::vector<HubNeighbor> nearest = vectors.Nearest(row, 10);
    double sum = 0;
    for (const HubNeighbor& neighbor : nearest) sum += neighbor.cosine;
    EXPECT_NEAR(*table.MeanCosine(row), sum / 10, 1e-6);
    for (size_t i = 1; i < table.Neighbors(row).size(); ++i) {
      EXPECT_NE(table.Neighbors(row)[i].row, table.Neighbors(row)[i - 1].row);
    }
  }
}

TEST(HubCorrectionsTest, EqualVectorsAreTakenByRow) {
  Vectors vectors;
  for (uint32_t row = 0; row < 40; ++row) vectors.Put(row, {0.6f, 0.8f});
  HubCorrections table = *HubCorrections::Create({.neighbors = 3, .spare = 0});
  ASSERT_TRUE(table.Update(vectors, Always).ok());
  for (uint32_t row = 40; row < 50; ++row) vectors.Put(row, {0.6f, 0.8f});
  ASSERT_TRUE(table.Update(vectors, Always).ok());
  EXPECT_EQ(table.Neighbors(45)[2].row, 2u);
  EXPECT_EQ(table.Neighbors(1)[0].row, 0u);
  EXPECT_NEAR(*table.MeanCosine(1), 1, 1e-6);
}

TEST(HubCorrectionsTest, NoneAndOneAreDefined) {
  Vectors vectors;
  HubCorrections table = *HubCorrections::Create({});
  ASSERT_TRUE(table.Update(vectors, Always).ok());
  EXPECT_EQ(table.size(), 0);
  vectors.Put(5, {1, 0});
  ASSERT_TRUE(table.Update(vectors, Always).ok());
  EXPECT_EQ(table.MeanCosine(5), 0);
  EXPECT_FALSE(table.MeanCosine(6).has_value());
  vectors.Put(6, {0, 1});
  ASSERT_TRUE(table.Update(vectors, Always).ok());
  EXPECT_EQ(table.MeanCosine(5), 0);
  EXPECT_EQ(table.Neighbors(5).size(), 1u);
}

TEST(HubCorrectionsTest, StopsWhenAskedAndTellsOfErrors) {
  Vectors vectors;
  vectors.Put(1, {1, 0});
  vectors.Put(2, {0, 1});
  HubCorrections table = *HubCorrections::Create({});
  EXPECT_EQ(table.Update(vectors, [] { return false; }).code(), absl::StatusCode::kCancelled);
  vectors.Fail(true);
  EXPECT_EQ(table.Update(vectors, Always).code(), absl::StatusCode::kUnavailable);
}

TEST(HubCorrectionsTest, WhatIsNoNumberIsNobodysNeighbour) {
  std::mt19937 engine(9);
  Vectors vectors;
  for (uint32_t row = 0; row < 40; ++row) vectors.Put(row, HubbyVector(engine, 4));
  HubCorrections table = *HubCorrections::Create({});
  ASSERT_TRUE(table.Update(vectors, Always).ok());
  vectors.Put(40, {NAN, 0, 0, 0});
  vectors.Put(41, HubbyVector(engine, 4));
  ASSERT_TRUE(table.Update(vectors, Always).ok());
  for (const uint32_t row : vectors.ids()) {
    for (const HubNeighbor& neighbor : table.Neighbors(row)) EXPECT_NE(neighbor.row, 40u);
  }
  EXPECT_EQ(table.MeanCosine(40), 0);
}

TEST(HubOptionsTest, AreChecked) {
  EXPECT_TRUE(HubOptions().Validate().ok());
  EXPECT_THAT(std::string(HubOptions{.neighbors = 0}.Validate().message()), HasSubstr("\"neighbors\" must be in [1, 1000], got 0"));
  EXPECT_THAT(std::string(HubOptions{.spare = -1}.Validate().message()), HasSubstr("\"spare\" must be in [0, 1000], got -1"));
}

// E[(N_k − μ)³]/σ³ of how often each row is among the k nearest of another, by the given score (METHODS 5.2).
template <typename Score>
double Skewness(const Vectors& vectors, int32_t k, const Score& score) {
  const std::vector<uint32_t> rows(vectors.ids().begin(), vectors.ids().end());
  std::vector<double> occurrences(rows.size(), 0);
  for (const uint32_t query : rows) {
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
  for (uint32_t row = 0; row < 600; ++row) vectors.Put(row, HubbyVector(engine, 60));
  auto table = *HubCorrections::Create({});
  ASSERT_TRUE(table.Update(vectors, Always).ok());
  std::map<uint32_t, double> log_sums;
  for (const uint32_t row : vectors.ids()) {
    std::vector<float> cosines;
    for (const uint32_t other : vectors.ids()) {
      if (other != row) cosines.push_back(vectors.Cosine(row, other));
    }
    log_sums[row] = LogSumExp(cosines, 30);
  }
  const double plain = Skewness(vectors, 10, [&](uint32_t q, uint32_t d) { return vectors.Cosine(q, d); });
  const double csls = Skewness(vectors, 10, [&](uint32_t q, uint32_t d) {
    return Csls(vectors.Cosine(q, d), *table.MeanCosine(q), *table.MeanCosine(d));
  });
  const double scaled = Skewness(vectors, 10, [&](uint32_t q, uint32_t d) {
    return LocalScaling(vectors.Cosine(q, d), table.Neighbors(q)[9].cosine, table.Neighbors(d)[9].cosine);
  });
  const double inverted = Skewness(vectors, 10, [&](uint32_t q, uint32_t d) {
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
