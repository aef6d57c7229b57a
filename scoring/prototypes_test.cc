#include "scoring/prototypes.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace senvec {
namespace {

using testing::HasSubstr;

std::vector<float> UnitRows(size_t n, size_t dim, uint32_t seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal;
  std::vector<float> rows(n * dim);
  for (float& value : rows) value = normal(engine) + 0.5f;
  for (size_t i = 0; i < n; ++i) {
    double squares = 0;
    for (size_t j = 0; j < dim; ++j) squares += double{rows[i * dim + j]} * rows[i * dim + j];
    for (size_t j = 0; j < dim; ++j) rows[i * dim + j] /= static_cast<float>(std::sqrt(squares));
  }
  return rows;
}

double Dot(const float* a, const float* b, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; ++i) sum += double{a[i]} * b[i];
  return sum;
}

TEST(PrototypesTest, AreNormalisedMeansOfMembers) {
  constexpr size_t kDim = 24;
  const std::vector<float> rows = UnitRows(5, kDim, 1), query = UnitRows(1, kDim, 2);
  const std::vector<absl::string_view> ids = {"1", "2", "3", "4", "5"}, groups = {"a", "b", "a", "", "a"};
  const auto prototypes = Prototypes::Build(ids, groups, rows, kDim);
  ASSERT_TRUE(prototypes.ok()) << prototypes.status();
  EXPECT_EQ(prototypes->size(), 3);
  std::vector<GroupCandidate> candidates = {{"a", "1", 0, 1, 0}, {"b", "2", 0, 1, 0}, {"", "4", 0, 1, 0}};
  ASSERT_TRUE(prototypes->Rescore(query, candidates).ok());
  std::vector<float> mean(kDim);
  for (const size_t i : {0u, 2u, 4u}) {
    for (size_t j = 0; j < kDim; ++j) mean[j] += rows[i * kDim + j];
  }
  const double expected = Dot(query.data(), mean.data(), kDim) / std::sqrt(Dot(mean.data(), mean.data(), kDim));
  for (const GroupCandidate& candidate : candidates) {
    const double want = candidate.group == "a"   ? expected
                        : candidate.group == "b" ? Dot(query.data(), &rows[kDim], kDim)
                                                 : Dot(query.data(), &rows[3 * kDim], kDim);
    EXPECT_NEAR(candidate.cosine, want, 1e-6) << candidate.group;
  }
  EXPECT_TRUE(std::is_sorted(candidates.begin(), candidates.end(), [](const auto& a, const auto& b) { return a.cosine > b.cosine; }));
}

TEST(PrototypesTest, UpperBoundHoldsForEveryGroup) {
  constexpr size_t kDim = 6, kRows = 60;
  const std::vector<float> rows = UnitRows(kRows, kDim, 3);
  std::vector<std::string> names;
  for (size_t i = 0; i < kRows; ++i) names.push_back(std::to_string(i / 4));
  const std::vector<absl::string_view> groups(names.begin(), names.end());
  const auto prototypes = *Prototypes::Build(groups, groups, rows, kDim);
  for (uint32_t seed = 10; seed < 40; ++seed) {
    const std::vector<float> query = UnitRows(1, kDim, seed);
    for (size_t g = 0; g < kRows / 4; ++g) {
      double largest = -1;
      for (size_t i = 4 * g; i < 4 * g + 4; ++i) largest = std::max(largest, Dot(query.data(), &rows[i * kDim], kDim));
      std::vector<GroupCandidate> candidate = {{names[4 * g], "", 0, 1, 0}};
      ASSERT_TRUE(prototypes.Rescore(query, candidate).ok());
      EXPECT_LE(candidate[0].cosine, prototypes.UpperBound(largest) + 1e-6);
    }
  }
}

TEST(PrototypesTest, NamesWhatIsWrong) {
  const std::vector<absl::string_view> ids = {"1", "2"}, groups = {"a", "a"};
  const auto message = [&](std::vector<float> rows, int32_t dim) {
    const absl::Status status = Prototypes::Build(ids, groups, rows, dim).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(message({1, 0, -1, 0}, 2), HasSubstr("group \"a\" has no prototype"));
  EXPECT_THAT(message({1, 0, NAN, 0}, 2), HasSubstr("document \"2\" is not finite"));
  EXPECT_THAT(message({1, 0, 1}, 2), HasSubstr("do not fit"));
  EXPECT_THAT(message({1, 0}, 0), HasSubstr("do not fit"));
  const auto prototypes = *Prototypes::Build(ids, groups, std::vector<float>{1, 0, 0, 1}, 2);
  std::vector<GroupCandidate> stranger = {{"b", "9", 0, 1, 0}};
  EXPECT_EQ(prototypes.Rescore(std::vector<float>{1, 0}, stranger).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(prototypes.Rescore(std::vector<float>{1}, stranger).code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace senvec
