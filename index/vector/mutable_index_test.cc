#include "index/vector/mutable_index.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <thread>

#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

using testing::HasSubstr;
constexpr int32_t kDim = 24;

struct Kind {
  IndexKind kind;
  Metric metric;
};

std::vector<int64_t> Ids(int64_t first, int64_t n) {
  std::vector<int64_t> ids(n);
  for (int64_t i = 0; i < n; ++i) ids[i] = first + i;
  return ids;
}

// Points around 20 centres, as sentence vectors are.
std::vector<float> Clustered(int64_t n, uint32_t seed) {
  std::mt19937 centres(99), engine(seed);
  std::normal_distribution<float> normal;
  std::vector<float> centre(20 * kDim), rows(n * kDim);
  for (float& value : centre) value = normal(centres);
  for (int64_t i = 0; i < n; ++i) {
    const size_t c = engine() % 20;
    for (int32_t d = 0; d < kDim; ++d) rows[i * kDim + d] = centre[c * kDim + d] + 0.4f * normal(engine);
  }
  return rows;
}

double Score(Metric metric, const float* a, const float* b) {
  double dot = 0, aa = 0, bb = 0, l2 = 0;
  for (int32_t d = 0; d < kDim; ++d) {
    dot += double{a[d]} * b[d];
    aa += double{a[d]} * a[d];
    bb += double{b[d]} * b[d];
    l2 += (double{a[d]} - b[d]) * (double{a[d]} - b[d]);
  }
  if (metric == Metric::kL2) return -l2;
  return metric == Metric::kCosine ? dot / std::sqrt(aa * bb) : dot;
}

// The suite that every kind of index passes with every metric.
class VectorIndexTest : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    auto index = MutableIndex::Create({.kind = GetParam().kind, .metric = GetParam().metric, .dim = kDim});
    ASSERT_TRUE(index.ok()) << index.status();
    index_ = *std::move(index);
  }
  // Share of the true k nearest (by fp64 brute force over `rows` with ids from 0) that the index finds; also checks
  // every score.
  double Recall(const std::vector<float>& rows, const std::vector<float>& queries, int32_t k,
                const std::function<bool(int64_t)>& live = [](int64_t) { return true; }) {
    const auto found = index_->Search(queries, k);
    EXPECT_TRUE(found.ok()) << found.status();
    int64_t hits = 0, wanted = 0;
    for (size_t q = 0; q < found->size(); ++q) {
      std::vector<std::pair<double, int64_t>> truth;
      for (int64_t i = 0; i < static_cast<int64_t>(rows.size()) / kDim; ++i) {
        if (live(i)) truth.emplace_back(-Score(GetParam().metric, &queries[q * kDim], &rows[i * kDim]), i);
      }
      std::sort(truth.begin(), truth.end());
      truth.resize(std::min<size_t>(truth.size(), k));
      wanted += static_cast<int64_t>(truth.size());
      EXPECT_EQ((*found)[q].size(), truth.size());
      for (const Neighbor& neighbor : (*found)[q]) {
        const double score = Score(GetParam().metric, &queries[q * kDim], &rows[neighbor.id * kDim]);
        EXPECT_NEAR(neighbor.score, score, 1e-4 * (1 + std::abs(score)));
        hits += score >= -truth.back().first - 1e-6;
      }
      EXPECT_TRUE(std::is_sorted((*found)[q].begin(), (*found)[q].end(),
                                 [](const Neighbor& a, const Neighbor& b) { return a.score > b.score; }));
    }
    return static_cast<double>(hits) / static_cast<double>(wanted);
  }
  double LowestRecall() const { return GetParam().kind == IndexKind::kExact ? 1.0 : 0.95; }

  std::unique_ptr<MutableIndex> index_;
};

INSTANTIATE_TEST_SUITE_P(Kinds, VectorIndexTest,
                         testing::Values(Kind{IndexKind::kExact, Metric::kCosine}, Kind{IndexKind::kExact, Metric::kInnerProduct},
                                         Kind{IndexKind::kExact, Metric::kL2}, Kind{IndexKind::kHnsw, Metric::kCosine},
                                         Kind{IndexKind::kHnsw, Metric::kInnerProduct}, Kind{IndexKind::kHnsw, Metric::kL2}),
                         [](const auto& kind) {
                           return std::string(IndexKindName(kind.param.kind)) + "_" + std::string(MetricName(kind.param.metric));
                         });

TEST_P(VectorIndexTest, FindsTheNearest) {
  const auto rows = Clustered(2000, 1), queries = Clustered(50, 2);
  ASSERT_TRUE(index_->Add(Ids(0, 2000), rows).ok());
  EXPECT_EQ(index_->size(), 2000);
  EXPECT_GE(Recall(rows, queries, 10), LowestRecall());
}

TEST_P(VectorIndexTest, FindsTheNearestOfThoseLeftAfterRemovals) {
  const auto rows = Clustered(1000, 3), queries = Clustered(30, 4);
  ASSERT_TRUE(index_->Add(Ids(0, 1000), rows).ok());
  std::vector<int64_t> gone;
  for (int64_t i = 0; i < 1000; i += 3) gone.push_back(i);
  gone.push_back(123456);
  EXPECT_EQ(index_->Remove(gone), 334);
  EXPECT_EQ(index_->size(), 666);
  EXPECT_GE(Recall(rows, queries, 10, [](int64_t i) { return i % 3 != 0; }), LowestRecall());
  // Now most rows go, so that a graph is built anew.
  gone.clear();
  for (int64_t i = 0; i < 1000; ++i) {
    if (i % 3 == 1) gone.push_back(i);
  }
  EXPECT_EQ(index_->Remove(gone), 333);
  EXPECT_GE(Recall(rows, queries, 10, [](int64_t i) { return i % 3 == 2; }), LowestRecall());
}

TEST_P(VectorIndexTest, AnEmptyIndexAnswersWithNothing) {
  const auto found = index_->Search(Clustered(2, 5), 3);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_THAT(*found, testing::ElementsAre(testing::IsEmpty(), testing::IsEmpty()));
}

TEST_P(VectorIndexTest, AnIndexEmptiedByRemovalAnswersWithNothingAndTakesNewRows) {
  const auto rows = Clustered(5, 6);
  ASSERT_TRUE(index_->Add(Ids(0, 5), rows).ok());
  EXPECT_EQ(index_->Remove(Ids(0, 5)), 5);
  EXPECT_THAT(index_->Search(Clustered(1, 5), 3)->at(0), testing::IsEmpty());
  ASSERT_TRUE(index_->Add(Ids(0, 5), rows).ok());
  EXPECT_EQ(Recall(rows, Clustered(3, 7), 2), 1.0);
}

TEST_P(VectorIndexTest, MoreThanThereIsGivesAll) {
  const auto rows = Clustered(7, 8);
  ASSERT_TRUE(index_->Add(Ids(0, 7), rows).ok());
  EXPECT_EQ(index_->Search(Clustered(1, 9), 100)->at(0).size(), 7u);
}

TEST_P(VectorIndexTest, EqualVectorsComeByAscendingId) {
  std::vector<float> row(kDim, 0.5f), rows;
  for (int i = 0; i < 6; ++i) rows.insert(rows.end(), row.begin(), row.end());
  const std::vector<int64_t> ids = {40, 10, 30, 20, 60, 50};
  ASSERT_TRUE(index_->Add(ids, rows).ok());
  std::vector<int64_t> order;
  const std::vector<std::vector<Neighbor>> found = *index_->Search(row, 6);
  for (const Neighbor& neighbor : found[0]) order.push_back(neighbor.id);
  EXPECT_THAT(order, testing::ElementsAre(10, 20, 30, 40, 50, 60));
}

TEST_P(VectorIndexTest, RefusesBadRowsAndKeepsWhatItHas) {
  ASSERT_TRUE(index_->Add(Ids(0, 3), Clustered(3, 10)).ok());
  auto bad = Clustered(2, 11);
  bad[kDim + 4] = std::numeric_limits<float>::quiet_NaN();
  absl::Status status = index_->Add(Ids(10, 2), bad);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("vector 1: value 4"));
  bad[kDim + 4] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(index_->Add(Ids(10, 2), bad).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(index_->Add(Ids(2, 1), Clustered(1, 12)).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(index_->Add({20, 20}, Clustered(2, 12)).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(index_->Add({20}, Clustered(2, 12)).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(index_->Add({-1}, Clustered(1, 12)).code(), absl::StatusCode::kInvalidArgument);
  const absl::Status zero = index_->Add({20}, std::vector<float>(kDim));
  EXPECT_EQ(zero.ok(), GetParam().metric != Metric::kCosine);
  EXPECT_EQ(index_->size(), GetParam().metric == Metric::kCosine ? 3 : 4);
}

TEST_P(VectorIndexTest, RefusesBadQueries) {
  ASSERT_TRUE(index_->Add(Ids(0, 3), Clustered(3, 13)).ok());
  const auto code = [&](const std::vector<float>& query, int32_t k) { return index_->Search(query, k).status().code(); };
  EXPECT_EQ(code(Clustered(1, 1), 0), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(Clustered(1, 1), -2), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(std::vector<float>(kDim - 1, 1), 1), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(std::vector<float>(kDim, std::numeric_limits<float>::infinity()), 1), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(index_->Search(std::vector<float>(kDim), 1).ok(), GetParam().metric != Metric::kCosine);
}

TEST_P(VectorIndexTest, GivesAStoredVectorBack) {
  const auto rows = Clustered(3, 14);
  ASSERT_TRUE(index_->Add(Ids(5, 3), rows).ok());
  std::vector<float> row(kDim);
  ASSERT_TRUE(index_->Reconstruct(6, absl::MakeSpan(row)));
  EXPECT_NEAR(Score(Metric::kCosine, row.data(), &rows[kDim]), 1, 1e-6);
  EXPECT_FALSE(index_->Reconstruct(99, absl::MakeSpan(row)));
}

TEST_P(VectorIndexTest, AnswersTheSameAfterSaveAndOpen) {
  const auto rows = Clustered(500, 15), queries = Clustered(20, 16);
  ASSERT_TRUE(index_->Add(Ids(0, 500), rows).ok());
  ASSERT_EQ(index_->Remove({3, 4, 5}), 3);
  const TempDir folder;
  ASSERT_TRUE(index_->Save(folder / "v.idx").ok());
  const auto opened = MutableIndex::Open(folder / "v.idx");
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ((*opened)->size(), 497);
  EXPECT_EQ((*opened)->options().kind, GetParam().kind);
  EXPECT_EQ(*(*opened)->Search(queries, 7), *index_->Search(queries, 7));
  ASSERT_TRUE((*opened)->Add({3}, absl::MakeConstSpan(rows).subspan(3 * kDim, kDim)).ok());
}

TEST_P(VectorIndexTest, SearchesFromSeveralThreadsAtOnce) {
  ASSERT_TRUE(index_->Add(Ids(0, 300), Clustered(300, 17)).ok());
  const auto queries = Clustered(10, 18);
  const auto expected = *index_->Search(queries, 5);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 10; ++j) EXPECT_EQ(*index_->Search(queries, 5), expected);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(VectorIndexOptionsTest, NamesTheFieldThatIsOutOfRange) {
  EXPECT_THAT(std::string(VectorIndexOptions{.dim = 0}.Validate().message()), HasSubstr("dim is 0"));
  EXPECT_THAT(std::string(VectorIndexOptions{.dim = 4, .m = 1}.Validate().message()), HasSubstr("m is 1"));
  EXPECT_THAT(std::string(VectorIndexOptions{.dim = 4, .ef_search = 0}.Validate().message()), HasSubstr("ef_search"));
}

TEST(IndexNamesTest, ReadBack) {
  EXPECT_EQ(*ParseIndexKind("hnsw"), IndexKind::kHnsw);
  EXPECT_EQ(*ParseMetric("ip"), Metric::kInnerProduct);
  EXPECT_FALSE(ParseIndexKind("flat").ok());
  EXPECT_FALSE(ParseMetric("dot").ok());
}

}  // namespace
}  // namespace senvec
