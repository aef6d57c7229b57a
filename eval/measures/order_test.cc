#include "eval/measures/order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

namespace senvec {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Both forms: few values are compared, many are sorted by radix.
class OrderTest : public ::testing::TestWithParam<size_t> {
 protected:
  static void ExpectAsStableSort(const std::vector<double>& values) {
    std::vector<uint32_t> expected(values.size());
    std::iota(expected.begin(), expected.end(), 0);
    std::stable_sort(expected.begin(), expected.end(),
                     [&](uint32_t a, uint32_t b) { return values[a] < values[b]; });
    EXPECT_EQ(AscendingOrder(values), expected);
  }
};

TEST_P(OrderTest, EqualsAStableSortOfAnyDoubles) {
  std::mt19937_64 random(1);
  std::vector<double> values(GetParam());
  for (double& v : values) {
    v = std::ldexp(static_cast<double>(static_cast<int64_t>(random())),
                   static_cast<int>(random() % 2000) - 1000);
  }
  ExpectAsStableSort(values);
}

TEST_P(OrderTest, EqualValuesKeepTheirOrder) {
  std::vector<double> values(GetParam());
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i % 5) - 2;
  ExpectAsStableSort(values);
  std::fill(values.begin(), values.end(), 0.5);
  ExpectAsStableSort(values);
}

TEST_P(OrderTest, ZerosOfBothSignsAreEqualAndInfinitiesAreAtTheEnds) {
  const double infinity = std::numeric_limits<double>::infinity();
  std::vector<double> values(GetParam());
  const double some[] = {0.0, -0.0, infinity, -infinity, 5e-324, -5e-324};
  for (size_t i = 0; i < values.size(); ++i) values[i] = some[i % 6];
  ExpectAsStableSort(values);
}

TEST_P(OrderTest, ValuesThatDifferInTheirLastBitsOnlyAreOrdered) {
  std::mt19937_64 random(2);
  std::vector<double> values(GetParam());
  for (double& v : values) v = 1 + static_cast<double>(random() % 50) * 0x1p-52;
  ExpectAsStableSort(values);
}

TEST_P(OrderTest, RunsHoldEqualValues) {
  std::vector<double> values(GetParam());
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i % 7) / 3 - 1;
  const TiedOrder order = SortWithTies(values);
  ASSERT_EQ(order.num_runs(), std::min<size_t>(7, values.size()));
  ASSERT_EQ(order.starts.back(), values.size());
  for (size_t run = 0; run < order.num_runs(); ++run) {
    for (size_t i = order.starts[run]; i < order.starts[run + 1]; ++i) {
      EXPECT_EQ(values[order.positions[i]], order.values[run]);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, OrderTest, ::testing::Values(2, 100, 1023, 1024, 5000));

TEST(AscendingOrderTest, TakesNothingAndOne) {
  EXPECT_THAT(AscendingOrder({}), IsEmpty());
  EXPECT_THAT(AscendingOrder({3.0}), ElementsAre(0));
}

}  // namespace
}  // namespace senvec
