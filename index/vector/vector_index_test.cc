#include "index/vector/vector_index.h"

#include <gmock/gmock.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <thread>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/thread_pool.h"
#include "index/vector/top_k.h"
#include "tests/support/temp_dir.h"
#include "tests/support/vector_fixtures.h"
#include "tests/torture/torture_environment.h"

namespace senvec {
namespace {

using testing::HasSubstr;

bool Always(int64_t, int64_t) { return true; }

// Without the syncs of a careful write.
void Overwrite(const std::string& path, const std::string& bytes) {
  std::filesystem::remove(path);  // a new file: ext4 syncs one that is cut and written again
  std::ofstream(path, std::ios::binary | std::ios::trunc).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// What the suite is run for: an index in a file of each kind, and the one that grows.
struct Subject {
  IndexKind kind;
  bool grows;
  Metric metric;
  VectorStorage codes, rescoring;
};

std::string Name(const testing::TestParamInfo<Subject>& info) {
  const Subject& subject = info.param;
  return absl::StrCat(subject.grows ? "growing" : IndexKindName(subject.kind), "_", MetricName(subject.metric), "_",
                      VectorStorageName(subject.codes), "_", VectorStorageName(subject.rescoring));
}

std::vector<Subject> Subjects() {
  std::vector<Subject> subjects;
  for (Metric metric : {Metric::kCosine, Metric::kInnerProduct, Metric::kL2}) {
    for (VectorStorage rescoring : {VectorStorage::kFp32, VectorStorage::kFp16}) {
      for (VectorStorage codes : {VectorStorage::kInt8, rescoring}) {
        subjects.push_back({IndexKind::kExact, false, metric, codes, rescoring});
        subjects.push_back({IndexKind::kExact, true, metric, codes, rescoring});
        subjects.push_back({IndexKind::kHnsw, false, metric, codes, rescoring});
        subjects.push_back({IndexKind::kIvf, false, metric, codes, rescoring});
      }
    }
  }
  return subjects;
}

class VectorIndexTest : public testing::TestWithParam<Subject> {
 protected:
  VectorIndexOptions Options(int32_t dim) const {
    return {.kind = GetParam().kind,
            .metric = GetParam().metric,
            .dim = dim,
            .m = 8,
            .ef_construction = 60,
            .codes = GetParam().codes,
            .rescoring = GetParam().rescoring};
  }
  bool IsExact() const { return GetParam().kind == IndexKind::kExact; }

  absl::StatusOr<std::unique_ptr<VectorIndex>> TryMake(const VectorIndexOptions& options, std::vector<float> rows,
                                                       absl::Span<const uint32_t> row_ids = {}) {
    if (GetParam().grows) {
      auto index = GrowingIndex::Create(options, std::max<int64_t>(1, static_cast<int64_t>(rows.size()) / options.dim));
      if (!index.ok()) return index.status();
      if (auto added = (*index)->Append(rows); !added.ok()) return added.status();
      return std::move(*index);
    }
    return BuildVectorIndex(options, RowsInMemory(std::move(rows), options.dim), folder_ / absl::StrCat(++files_),
                            {.progress = Always, .row_ids = row_ids});
  }
  std::unique_ptr<VectorIndex> Make(int32_t dim, const std::vector<float>& rows) {
    auto index = TryMake(Options(dim), rows);
    EXPECT_TRUE(index.ok()) << index.status();
    return index.ok() ? std::move(*index) : nullptr;
  }

  // The rows as the index keeps them: what its scores are computed from.
  std::vector<float> Kept(const VectorIndex& index) {
    const int32_t dim = index.options().dim;
    std::vector<float> rows(static_cast<size_t>(index.size() * dim));
    for (int64_t row = 0; row < index.size(); ++row) {
      index.Reconstruct(row, absl::MakeSpan(rows).subspan(static_cast<size_t>(row * dim), static_cast<size_t>(dim)));
    }
    return rows;
  }

  // Scores equal their definition within the error of a sum of dim products, order and ties are as promised, nothing
  // comes twice; exact kinds find all of the k best, others the share that `recall` says, on average.
  void ExpectAnswers(const VectorIndex& index, const std::vector<float>& queries, const VectorSearchOptions& options,
                     double recall) {
    const int32_t dim = index.options().dim;
    const Metric metric = index.options().metric;
    const auto answers = index.Search(queries, options);
    ASSERT_TRUE(answers.ok()) << answers.status();
    const std::vector<float> rows = Kept(index);
    double total = 0;
    for (size_t q = 0; q < answers->size(); ++q) {
      const std::vector<Neighbor>& found = (*answers)[q];
      const auto scores = TrueScores(metric == Metric::kCosine ? Metric::kInnerProduct : metric, rows,
                                     Unit(queries.data() + q * static_cast<size_t>(dim), dim).data(), dim);
      int64_t reachable = index.size();
      if (options.allowed != nullptr) reachable = options.allowed->count();
      EXPECT_LE(found.size(), static_cast<size_t>(std::min<int64_t>(options.k, reachable)));
      if (IsExact()) {
        EXPECT_EQ(found.size(), static_cast<size_t>(std::min<int64_t>(options.k, reachable)));
      }
      for (size_t i = 0; i < found.size(); ++i) {
        ASSERT_LT(found[i].id, index.size());
        const double expected = scores[static_cast<size_t>(found[i].id)];
        EXPECT_NEAR(found[i].score, expected, Tolerance(metric, dim, queries.data() + q * static_cast<size_t>(dim), expected));
        if (i > 0) {
          EXPECT_TRUE(IsNearer(found[i - 1], found[i]));
        }
        if (options.allowed != nullptr) {
          EXPECT_TRUE(options.allowed->Allows(found[i].id));
        }
      }
      total += RecallOf(found, scores, static_cast<size_t>(options.k), options.allowed);
    }
    EXPECT_GE(total / static_cast<double>(answers->size()), IsExact() ? 1.0 : recall);
  }

  std::vector<float> Unit(const float* query, int32_t dim) const {
    std::vector<float> unit(query, query + dim);
    if (GetParam().metric != Metric::kCosine) return unit;
    double squares = 0;
    for (float value : unit) squares += double{value} * value;
    for (float& value : unit) value = static_cast<float>(value / std::sqrt(squares));
    return unit;
  }

  // dim products of |q||x|, which in these tests is at most 4·dim, each rounded once, and so is each addition.
  static double Tolerance(Metric metric, int32_t dim, const float*, double expected) {
    const double unit = 1.0 / (1 << 24);
    const double size = metric == Metric::kCosine ? 1 : metric == Metric::kL2 ? std::abs(expected) : 6.0 * dim;
    return (dim + 4) * unit * size + 1e-30;
  }

  TempDir folder_;
  int files_ = 0;
};
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
  if (GetParam().metric != Metric::kCosine) GTEST_SKIP();
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

// What only an index in a file does.
class VectorFileIndexTest : public VectorIndexTest {};
INSTANTIATE_TEST_SUITE_P(Kinds, VectorFileIndexTest, testing::ValuesIn([] {
                           auto subjects = Subjects();
                           std::erase_if(subjects, [](const Subject& subject) { return subject.grows; });
                           return subjects;
                         }()),
                         Name);

TEST_P(VectorFileIndexTest, AnOpenedFileAnswersAsTheIndexThatWroteIt) {
  const auto queries = ClusteredRows(10, 24, 2);
  std::vector<uint32_t> ids(1500);
  for (uint32_t i = 0; i < 1500; ++i) ids[i] = 3 * i + 5;
  const auto built = TryMake(Options(24), ClusteredRows(1500, 24, 1), ids);
  ASSERT_TRUE(built.ok()) << built.status();
  for (bool verify : {false, true}) {
    const auto opened = OpenVectorIndex(folder_ / "1", verify);
    ASSERT_TRUE(opened.ok()) << opened.status();
    EXPECT_EQ((*opened)->size(), 1500);
    EXPECT_EQ((*opened)->options().kind, GetParam().kind);
    EXPECT_EQ((*opened)->options().codes, GetParam().codes);
    EXPECT_THAT(std::vector<uint32_t>((*opened)->row_ids().begin(), (*opened)->row_ids().end()),
                testing::ElementsAreArray(ids));
    EXPECT_EQ(*(*opened)->Search(queries, {.k = 20}), *(*built)->Search(queries, {.k = 20}));
  }
}

TEST_P(VectorFileIndexTest, TheSameRowsMakeTheSameFileWhateverTheThreads) {
  ThreadPool pool(3);
  for (int threads = 0; threads < 2; ++threads) {
    const auto built = BuildVectorIndex(Options(24), RowsInMemory(ClusteredRows(1500, 24, 1), 24),
                                        folder_ / absl::StrCat("threads", threads),
                                        {.pool = threads == 0 ? nullptr : &pool, .progress = Always});
    ASSERT_TRUE(built.ok()) << built.status();
  }
  EXPECT_TRUE(*ReadFile(folder_ / "threads0") == *ReadFile(folder_ / "threads1"));
}

TEST_P(VectorFileIndexTest, ACancelledBuildLeavesNothing) {
  for (int stop_after : {0, 1, 2, 3}) {
    int asked = 0;
    const auto progress = [&](int64_t done, int64_t total) {
      EXPECT_LE(done, total);
      return asked++ < stop_after;
    };
    const auto index = BuildVectorIndex(Options(24), RowsInMemory(ClusteredRows(500, 24, 1), 24), folder_ / "cancelled",
                                        {.progress = progress});
    if (index.ok()) continue;  // it had been finished
    EXPECT_EQ(index.status().code(), absl::StatusCode::kCancelled);
    EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
  }
}

TEST_P(VectorFileIndexTest, RowIdsThatDoNotFitAreRefused) {
  const std::vector<uint32_t> few = {1, 2}, falling = {1, 3, 2};
  for (const auto& ids : {few, falling}) {
    const auto index = TryMake(Options(8), ClusteredRows(3, 8, 1), ids);
    EXPECT_EQ(index.status().code(), absl::StatusCode::kInvalidArgument);
  }
}

// Each cut, and each flipped bit, is refused when all is verified; when not, answers may be wrong but nothing is read
// that is not there (which the sanitizers see).
TEST_P(VectorFileIndexTest, DamagedFilesAreRefusedOrHarmless) {
  const auto query = ClusteredRows(1, 3, 2);
  ASSERT_TRUE(TryMake(Options(3), ClusteredRows(40, 3, 1)).ok());
  const std::string whole = *ReadFile(folder_ / "1");
  const std::string path = folder_ / "damaged";
  // Only some of the zeros between the parts.
  const auto padding = [&](size_t at) {
    return at % 4096 > 1024 && at % 97 != 0 && whole[at] == 0 && whole[at - 1] == 0;
  };
  for (size_t length = 0; length < whole.size(); ++length) {
    if (length > 0 && padding(length)) continue;
    Overwrite(path, whole.substr(0, length));
    const auto index = OpenVectorIndex(path, false);
    ASSERT_EQ(index.status().code(), absl::StatusCode::kDataLoss) << length;
    ASSERT_THAT(std::string(index.status().message()), HasSubstr(path));
  }
  for (size_t at = 0; at < whole.size(); ++at) {
    if (at > 0 && padding(at)) continue;
    std::string damaged = whole;
    damaged[at] ^= static_cast<char>(1 << at % 8);
    Overwrite(path, damaged);
    const auto index = OpenVectorIndex(path, false);
    if (index.ok()) {
      EXPECT_TRUE((*index)->Search(query, {.k = 50, .ef_search = 50}).ok());
    }
  }
}

TEST(VectorFileTest, EveryFlippedBitOfTheContentIsFoundWhenItIsVerified) {
  TempDir folder;
  const std::string path = folder / "index";
  ASSERT_TRUE(BuildVectorIndex({.dim = 3}, RowsInMemory(ClusteredRows(40, 3, 1), 3), path, {.progress = Always}).ok());
  const std::string whole = *ReadFile(path);
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] ^= 4;
    if (whole[at] == 0 && at % 31 != 0) continue;
    Overwrite(path, damaged);
    const auto index = OpenVectorIndex(path, true);
    if (!index.ok()) continue;
    EXPECT_EQ(whole[at], 0) << at;  // between two parts
  }
}

TEST(VectorFileTest, ANewerVersionIsRefusedByName) {
  TempDir folder;
  const std::string path = folder / "index";
  ASSERT_TRUE(BuildVectorIndex({.dim = 3}, RowsInMemory(ClusteredRows(4, 3, 1), 3), path, {.progress = Always}).ok());
  std::string bytes = *ReadFile(path);
  bytes[8] = 99;
  ASSERT_TRUE(WriteFileAtomically(path, bytes).ok());
  const auto index = OpenVectorIndex(path, false);
  EXPECT_EQ(index.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(index.status().message()), HasSubstr("99"));
}

TEST(VectorFileTest, AMissingFileIsNotFound) {
  TempDir folder;
  EXPECT_EQ(OpenVectorIndex(folder / "none", false).status().code(), absl::StatusCode::kNotFound);
}

TEST(GrowingIndexTest, RefusesWhatDoesNotFitAndStaysAsItWas) {
  auto index = GrowingIndex::Create({.dim = 4}, 3);
  ASSERT_TRUE(index.ok());
  EXPECT_EQ(*(*index)->Append(ClusteredRows(2, 4, 1)), 0);
  EXPECT_EQ((*index)->Append(ClusteredRows(2, 4, 2)).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ((*index)->Append(std::vector<float>(5, 1)).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ((*index)->Append(std::vector<float>(4, 0)).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ((*index)->size(), 2);
  EXPECT_EQ(*(*index)->Append(ClusteredRows(1, 4, 3)), 2);
}

TEST(GrowingIndexTest, AKindThatCannotGrowIsRefused) {
  EXPECT_EQ(GrowingIndex::Create({.kind = IndexKind::kHnsw, .dim = 4}, 3).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(GrowingIndex::Create({.dim = 4}, 0).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(GrowingIndexTest, SearchesSeeEveryRowThatWasAddedBeforeThey) {
  constexpr int64_t kRows = 3000;
  auto index = GrowingIndex::Create({.dim = 16}, kRows);
  ASSERT_TRUE(index.ok());
  const auto rows = ClusteredRows(kRows, 16, 1);
  std::atomic<int64_t> added{0};
  std::vector<std::thread> searchers;
  for (int t = 0; t < 3; ++t) {
    searchers.emplace_back([&, t] {
      std::mt19937 engine(static_cast<uint32_t>(t));
      while (added.load() < kRows) {
        const int64_t known = added.load();
        if (known == 0) continue;
        const size_t row = engine() % static_cast<uint64_t>(known);
        const auto found = (*index)->Search(absl::MakeSpan(rows).subspan(row * 16, 16), {.k = 1});
        ASSERT_TRUE(found.ok());
        ASSERT_EQ((*found)[0].size(), 1u);
        EXPECT_EQ((*found)[0][0].id, static_cast<int64_t>(row));
      }
    });
  }
  for (int64_t row = 0; row < kRows; row += 10) {
    ASSERT_EQ(*(*index)->Append(absl::MakeSpan(rows).subspan(static_cast<size_t>(row * 16), 160)), row);
    added.store(row + 10);
  }
  for (std::thread& searcher : searchers) searcher.join();
}

}  // namespace
}  // namespace senvec
