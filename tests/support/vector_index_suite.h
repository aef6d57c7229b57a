#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "index/vector/top_k.h"
#include "index/vector/vector_index.h"
#include "tests/support/temp_dir.h"
#include "tests/support/vector_fixtures.h"

namespace senvec {

inline bool Always(int64_t, int64_t) { return true; }

// What the suite is run for: an index in a file of each kind, and the one that grows.
struct Subject {
  IndexKind kind;
  bool grows;
  Metric metric;
  VectorStorage codes, rescoring;
};

inline std::string Name(const testing::TestParamInfo<Subject>& info) {
  const Subject& subject = info.param;
  return absl::StrCat(subject.grows ? "growing" : IndexKindName(subject.kind), "_", MetricName(subject.metric), "_",
                      VectorStorageName(subject.codes), "_", VectorStorageName(subject.rescoring));
}

inline std::vector<Subject> Subjects() {
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

// Makes indexes of a subject and holds their answers to what they promise.
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

}  // namespace senvec
