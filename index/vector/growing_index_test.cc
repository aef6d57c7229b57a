#include <atomic>
#include <thread>

#include "tests/support/vector_index_suite.h"

namespace senvec {
namespace {

using testing::HasSubstr;

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
