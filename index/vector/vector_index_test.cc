#include "tests/support/vector_index_suite.h"

#include <limits>
#include <thread>

#include "base/thread_pool.h"
#include "tests/torture/torture_environment.h"

namespace senvec {
namespace {

using testing::HasSubstr;

INSTANTIATE_TEST_SUITE_P(Kinds, VectorIndexTest, testing::ValuesIn(Subjects()), Name);

TEST_P(VectorIndexTest, FindsTheNearestWithTheirScoresInOrder) {
  const auto index = Make(24, ClusteredRows(3000, 24, 1));
  const auto queries = ClusteredRows(20, 24, 2);
  for (int32_t k : {1, 10, 100}) ExpectAnswers(*index, queries, {.k = k, .ef_search = 200, .nprobe = 24}, 0.95);
}

TEST_P(VectorIndexTest, EveryDimensionIsComparedWhole) {
  for (int32_t dim : {1, 2, 3, 7, 15, 16, 17, 31, 33, 63, 64, 65, 127, 384, 1030}) {
    const auto index = Make(dim, ClusteredRows(150, dim, 3));
    ExpectAnswers(*index, ClusteredRows(4, dim, 4), {.k = 5, .ef_search = 150, .nprobe = 1000}, 0.9);
  }
}

TEST_P(VectorIndexTest, AnEmptyIndexAnswersWithNothing) {
  const auto index = Make(8, {});
  EXPECT_EQ(index->size(), 0);
  const std::vector<float> query(8, 1);
  EXPECT_THAT(*index->Search(query, {}), testing::ElementsAre(testing::IsEmpty()));
  EXPECT_THAT(*index->RangeSearch(query, -1e9f, {}), testing::IsEmpty());
}

TEST_P(VectorIndexTest, NoQueriesAreNoAnswers) {
  const auto index = Make(8, ClusteredRows(5, 8, 1));
  EXPECT_THAT(*index->Search({}, {}), testing::IsEmpty());
}

TEST_P(VectorIndexTest, OneRowIsFoundWhateverKIs) {
  const auto index = Make(8, ClusteredRows(1, 8, 1));
  ExpectAnswers(*index, ClusteredRows(2, 8, 2), {.k = 10}, 1);
}

TEST_P(VectorIndexTest, MoreNeighboursThanRowsAreAllRows) {
  const auto index = Make(8, ClusteredRows(37, 8, 1));
  const auto answers = index->Search(ClusteredRows(2, 8, 2), {.k = 10000, .nprobe = 1000});
  ASSERT_TRUE(answers.ok());
  for (const auto& found : *answers) EXPECT_EQ(found.size(), 37u);
}

TEST_P(VectorIndexTest, AsManyNeighboursAsMayBeAskedForAreFound) {
  // Sanitizers make building ten times as slow.
  const int32_t most = kTortureSanitized ? 1000 : 10000;
  const auto index = Make(8, ClusteredRows(3 * most, 8, 1));
  const auto queries = ClusteredRows(3, 8, 2);
  for (int32_t k : {most / 10, most}) {
    const auto answers = index->Search(queries, {.k = k});
    ASSERT_TRUE(answers.ok()) << answers.status();
    for (const auto& found : *answers) EXPECT_EQ(found.size(), static_cast<size_t>(k));
    ExpectAnswers(*index, queries, {.k = k}, 0.9);
  }
}

TEST_P(VectorIndexTest, EqualRowsAreReturnedByAscendingNumber) {
  std::vector<float> rows = ClusteredRows(6, 16, 1);
  const std::vector<float> row(rows.begin(), rows.begin() + 16);
  for (int i = 0; i < 200; ++i) rows.insert(rows.end(), row.begin(), row.end());
  const auto index = Make(16, rows);
  const auto answers = index->Search(row, {.k = 300, .ef_search = 400, .nprobe = 1000});
  ASSERT_TRUE(answers.ok());
  ASSERT_EQ((*answers)[0].size(), 206u);
  // For the inner product another row may come first.
  if (GetParam().metric != Metric::kInnerProduct) {
    EXPECT_EQ((*answers)[0][0].id, 0);
  }
  for (size_t i = 1; i < 206; ++i) EXPECT_TRUE(IsNearer((*answers)[0][i - 1], (*answers)[0][i]));
}

TEST_P(VectorIndexTest, ExactKindsTakeTheLowestOfEqualRows) {
  if (!IsExact()) GTEST_SKIP() << "an approximate kind may find any of them";
  const std::vector<float> row = ClusteredRows(1, 16, 1);
  std::vector<float> rows;
  for (int i = 0; i < 500; ++i) rows.insert(rows.end(), row.begin(), row.end());
  const auto index = Make(16, rows);
  const auto answers = index->Search(row, {.k = 20});
  ASSERT_TRUE(answers.ok());
  for (int64_t i = 0; i < 20; ++i) EXPECT_EQ((*answers)[0][static_cast<size_t>(i)].id, i);
}

TEST_P(VectorIndexTest, CosineDoesNotMindHowLongVectorsAre) {
  if (GetParam().metric != Metric::kCosine) GTEST_SKIP() << "elsewhere the length counts";
  const auto plain = ClusteredRows(300, 16, 1), queries = ClusteredRows(3, 16, 2);
  const auto expected = Make(16, plain)->Search(queries, {.k = 10, .ef_search = 300, .nprobe = 1000});
  for (float factor : {1e-30f, 1e-6f, 1e30f}) {
    auto rows = plain;
    for (size_t i = 0; i < rows.size(); ++i) rows[i] *= i / 16 % 2 == 0 ? factor : 1;
    auto scaled = queries;
    for (float& value : scaled) value *= factor;
    const auto answers = Make(16, rows)->Search(scaled, {.k = 10, .ef_search = 300, .nprobe = 1000});
    ASSERT_TRUE(answers.ok());
    for (size_t q = 0; q < 3; ++q) {
      for (size_t i = 0; i < 10; ++i) EXPECT_NEAR((*answers)[q][i].score, (*expected)[q][i].score, 2e-6);
    }
  }
}

TEST_P(VectorIndexTest, AFilterIsObeyedAtEverySelectivity) {
  constexpr int64_t kRows = 4000;
  const auto index = Make(24, ClusteredRows(kRows, 24, 1));
  const auto queries = ClusteredRows(10, 24, 2);
  for (int64_t one_in : {1, 2, 5, 20, 100, 1000, 100000}) {
    std::vector<uint64_t> words((kRows + 63) / 64 + 1);
    int64_t count = 0;
    std::mt19937 engine(7);
    for (int64_t row = 0; row < kRows; ++row) {
      if (one_in == 100000 || engine() % static_cast<uint64_t>(one_in) != 0) continue;
      words[static_cast<size_t>(row / 64)] |= uint64_t{1} << (row % 64);
      ++count;
    }
    const RowFilter filter(words, kRows, count);
    ExpectAnswers(*index, queries, {.k = 10, .ef_search = 100, .nprobe = 24, .allowed = &filter}, 0.95);
  }
}

TEST_P(VectorIndexTest, ARangeHoldsEveryRowAboveItsScoreUpToK) {
  const auto rows = ClusteredRows(2000, 24, 1), queries = ClusteredRows(5, 24, 2);
  const auto index = Make(24, rows);
  const auto kept = Kept(*index);
  for (size_t q = 0; q < 5; ++q) {
    const absl::Span<const float> query = absl::MakeSpan(queries).subspan(q * 24, 24);
    const Metric metric = GetParam().metric == Metric::kCosine ? Metric::kInnerProduct : GetParam().metric;
    auto scores = TrueScores(metric, kept, Unit(query.data(), 24).data(), 24);
    auto sorted = scores;
    std::sort(sorted.begin(), sorted.end(), std::greater<>());
    for (size_t wanted : {0, 1, 30, 300}) {
      const double between = wanted == 0 ? sorted[0] + 1 : (sorted[wanted - 1] + sorted[wanted]) / 2;
      const auto found = index->RangeSearch(query, static_cast<float>(between), {.k = 10000});
      ASSERT_TRUE(found.ok());
      EXPECT_LE(found->size(), wanted);
      EXPECT_GE(static_cast<double>(found->size()), (IsExact() ? 1.0 : 0.9) * static_cast<double>(wanted));
      for (const Neighbor& neighbor : *found) EXPECT_GE(neighbor.score, static_cast<float>(between));
      const auto cut = index->RangeSearch(query, static_cast<float>(between), {.k = 7});
      EXPECT_EQ(cut->size(), std::min<size_t>(7, wanted));
    }
  }
}

TEST_P(VectorIndexTest, QueriesTogetherAreAnsweredAsAlone) {
  const auto index = Make(33, ClusteredRows(2000, 33, 1));
  const auto queries = ClusteredRows(67, 33, 2);
  const auto together = index->Search(queries, {.k = 10});
  for (size_t q = 0; q < 67; ++q) {
    const auto alone = index->Search(absl::MakeSpan(queries).subspan(q * 33, 33), {.k = 10});
    EXPECT_EQ((*alone)[0], (*together)[q]);
  }
}

TEST_P(VectorIndexTest, ReconstructGivesTheRowsInTheirPrecision) {
  const auto rows = ClusteredRows(50, 24, 1);
  const auto index = Make(24, rows);
  const auto kept = Kept(*index);
  const double relative = GetParam().rescoring == VectorStorage::kFp16 ? 1.0 / 2048 : 1e-7;
  for (size_t r = 0; r < 50; ++r) {
    const auto unit = Unit(rows.data() + r * 24, 24);
    for (size_t d = 0; d < 24; ++d) EXPECT_NEAR(kept[r * 24 + d], unit[d], relative * std::abs(unit[d]) + 1e-7);
  }
}

TEST_P(VectorIndexTest, BadRowsAreRefusedByNumber) {
  for (const auto& [value, fault] : std::vector<std::pair<float, std::string>>{
           {std::numeric_limits<float>::quiet_NaN(), "nan"}, {std::numeric_limits<float>::infinity(), "inf"}}) {
    auto rows = ClusteredRows(30, 8, 1);
    rows[17 * 8 + 3] = value;
    const auto index = TryMake(Options(8), rows);
    EXPECT_EQ(index.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(index.status().message()), testing::AllOf(HasSubstr("row 17"), HasSubstr(fault)));
  }
  auto rows = ClusteredRows(30, 8, 1);
  std::fill_n(rows.begin() + 5 * 8, 8, 0.0f);
  const auto index = TryMake(Options(8), rows);
  EXPECT_EQ(index.ok(), GetParam().metric != Metric::kCosine);
  if (!index.ok()) {
    EXPECT_THAT(std::string(index.status().message()), HasSubstr("row 5"));
  }
}

TEST_P(VectorIndexTest, LengthsThatScoresCannotHoldAreRefused) {
  if (GetParam().metric == Metric::kCosine) GTEST_SKIP() << "there only the direction counts";
  auto rows = ClusteredRows(30, 8, 1);
  rows[17 * 8 + 3] = 1e30f;
  const auto index = TryMake(Options(8), rows);
  EXPECT_EQ(index.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(index.status().message()), HasSubstr("row 17"));
}

TEST_P(VectorIndexTest, BadQueriesAndOptionsAreRefused) {
  const auto index = Make(8, ClusteredRows(30, 8, 1));
  std::vector<float> query(8, 1);
  const auto code = [&](absl::Span<const float> queries, const VectorSearchOptions& options) {
    return index->Search(queries, options).status().code();
  };
  EXPECT_EQ(code(query, {.k = 0}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(query, {.k = 10001}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(query, {.ef_search = -1}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(query, {.nprobe = -1}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(absl::MakeSpan(query).subspan(1), {}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(index->RangeSearch(query, std::nanf(""), {}).status().code(), absl::StatusCode::kInvalidArgument);
  query[3] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(code(query, {}), absl::StatusCode::kInvalidArgument);
  const std::vector<float> zero(8, 0);
  EXPECT_EQ(index->Search(zero, {}).ok(), GetParam().metric != Metric::kCosine);
}

TEST_P(VectorIndexTest, ConcurrentSearchesGiveTheSameAnswers) {
  const auto index = Make(24, ClusteredRows(2000, 24, 1));
  const auto queries = ClusteredRows(8, 24, 2);
  const auto expected = index->Search(queries, {.k = 10});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i) EXPECT_EQ(*index->Search(queries, {.k = 10}), *expected);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_P(VectorIndexTest, TellsHowMuchMemoryItNeeds) {
  const auto index = Make(24, ClusteredRows(500, 24, 1));
  EXPECT_GT(index->resident_bytes(), 0);
  // Codes are kept as they were asked for.
  if (!IsExact() && GetParam().codes != VectorStorage::kInt8) {
    EXPECT_GE(index->resident_bytes(), 500 * 24 * (GetParam().codes == VectorStorage::kFp16 ? 2 : 4));
  }
  if (!GetParam().grows) {
    EXPECT_GE(index->mapped_bytes(), 500 * 24 * (GetParam().rescoring == VectorStorage::kFp16 ? 2 : 4));
  }
}

// Values of which 8 bits keep next to nothing: neighbours differ in the last thousandth of each.
TEST(CodesTest, FloatsFindWhatEightBitsCannotTellApart) {
  TempDir folder;
  std::mt19937 engine(1);
  std::normal_distribution<float> normal;
  constexpr int32_t kDim = 16;
  std::vector<float> rows(12000 * kDim), queries(50 * kDim);
  const auto fill = [&](std::vector<float>& values) {
    for (size_t i = 0; i < values.size(); ++i) values[i] = (i % 2 == 0 ? 1.0f : -1.0f) + 0.001f * normal(engine);
  };
  fill(rows);
  fill(queries);
  for (IndexKind kind : {IndexKind::kHnsw, IndexKind::kIvf}) {
    double recall[3];
    for (VectorStorage codes : {VectorStorage::kInt8, VectorStorage::kFp16, VectorStorage::kFp32}) {
      const VectorIndexOptions options = {.kind = kind, .metric = Metric::kInnerProduct, .dim = kDim, .codes = codes};
      const auto index = BuildVectorIndex(options, RowsInMemory(rows, kDim), folder / "index", {.progress = Always});
      ASSERT_TRUE(index.ok()) << index.status();
      // All lists: what puts rows into them is coded, too.
      const auto answers = (*index)->Search(queries, {.k = 10, .nprobe = 10000});
      ASSERT_TRUE(answers.ok()) << answers.status();
      double total = 0;
      for (size_t q = 0; q < answers->size(); ++q) {
        const auto scores = TrueScores(Metric::kInnerProduct, rows, queries.data() + q * kDim, kDim);
        total += RecallOf((*answers)[q], scores, 10, nullptr);
      }
      recall[codes == VectorStorage::kInt8 ? 0 : codes == VectorStorage::kFp16 ? 1 : 2] = total / 50;
    }
    EXPECT_GT(recall[2], recall[0]) << IndexKindName(kind);
    EXPECT_GE(recall[2], recall[1]) << IndexKindName(kind);
    std::printf("%s: recall %.3f with int8, %.3f with fp16, %.3f with fp32\n", std::string(IndexKindName(kind)).c_str(),
                recall[0], recall[1], recall[2]);
  }
}

}  // namespace
}  // namespace senvec
