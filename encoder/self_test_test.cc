#include "encoder/self_test.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <vector>

namespace senvec {
namespace {

TEST(SelfTestTest, SentencesAreDistinct) {
  const auto sentences = SelfTestSentences();
  EXPECT_EQ(sentences.size(), 32);
  EXPECT_EQ(std::set<absl::string_view>(sentences.begin(), sentences.end()).size(), 32);
}

TEST(SelfTestTest, TheLowestCosineOfAllRows) {
  EXPECT_DOUBLE_EQ(LowestCosine({1, 0, 3, 4}, {2, 0, 6, 8}, 2), 1);
  EXPECT_DOUBLE_EQ(LowestCosine({1, 0, 3, 4}, {2, 0, 5, 0}, 2), 0.6);
  EXPECT_DOUBLE_EQ(LowestCosine({1, 0}, {-1, 0}, 2), -1);
}

TEST(SelfTestTest, ZeroRowsAreEqualToEachOtherOnlyAndNoNumberToNone) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(LowestCosine({0, 0}, {0, 0}, 2), 1);
  EXPECT_EQ(LowestCosine({0, 0}, {1, 0}, 2), -1);
  EXPECT_EQ(LowestCosine({1, 0}, {nan, 0}, 2), -1);
  EXPECT_EQ(LowestCosine({nan, 0}, {nan, 0}, 2), -1);
  EXPECT_EQ(LowestCosine({1, 0}, {infinity, 0}, 2), -1);
}

}  // namespace
}  // namespace senvec
