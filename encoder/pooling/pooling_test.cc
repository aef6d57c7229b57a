#include "encoder/pooling/pooling.h"

#include <gmock/gmock.h>

#include <vector>

namespace senvec {
namespace {

using testing::ElementsAre;

// Three tokens of two dimensions.
const std::vector<float> kLast = {1, -4, 3, 2, 2, -1};
const std::vector<float> kFirst = {0, 6, 0, 6, 6, 6};

struct PoolingCase {
  const char* name;
  Pooling pooling;
  std::vector<float> expected;
};

class PoolingTest : public testing::TestWithParam<PoolingCase> {};

TEST_P(PoolingTest, PoolsThreeTokens) {
  std::vector<float> out(2);
  Pool(GetParam().pooling, kLast, kFirst, 2, absl::MakeSpan(out));
  EXPECT_EQ(out, GetParam().expected);
}

TEST_P(PoolingTest, NameReadsBack) {
  EXPECT_EQ(PoolingName(GetParam().pooling), GetParam().name);
  EXPECT_EQ(*ParsePooling(GetParam().name), GetParam().pooling);
}

INSTANTIATE_TEST_SUITE_P(Kinds, PoolingTest,
                         testing::Values(PoolingCase{"cls", Pooling::kCls, {1, -4}},
                                         PoolingCase{"mean", Pooling::kMean, {2, -1}},
                                         PoolingCase{"max", Pooling::kMax, {3, 2}},
                                         PoolingCase{"last", Pooling::kLast, {2, -1}},
                                         PoolingCase{"pooler", Pooling::kPooler, {1, -4}},
                                         // Means (2, −1) and (2, 6), halved.
                                         PoolingCase{"first_last_avg", Pooling::kFirstLastAvg, {2, 2.5}}),
                         [](const auto& pooling) { return pooling.param.name; });

TEST(PoolTest, OneTokenIsItsOwnPool) {
  for (Pooling pooling : {Pooling::kCls, Pooling::kMean, Pooling::kMax, Pooling::kLast}) {
    std::vector<float> out(2);
    Pool(pooling, {5.0f, -6.0f}, {}, 2, absl::MakeSpan(out));
    EXPECT_THAT(out, ElementsAre(5, -6));
  }
}

TEST(ParsePoolingTest, ListsTheNamesForAnUnknownOne) {
  const auto pooling = ParsePooling("median");
  EXPECT_EQ(pooling.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(pooling.status().message()), testing::HasSubstr("first_last_avg"));
}

}  // namespace
}  // namespace senvec
