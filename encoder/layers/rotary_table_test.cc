#include "encoder/layers/rotary_table.h"

#include <gmock/gmock.h>

#include <cmath>

#include "kernels/kernels.h"

namespace senvec {
namespace {

TEST(RotaryTableTest, PositionZeroTurnsNothing) {
  const RotaryTable table(4, 6);
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(table.cos(0)[i], 1.0f);
    EXPECT_EQ(table.sin(0)[i], 0.0f);
  }
}

TEST(RotaryTableTest, AnglesFollowTheFormula) {
  const RotaryTable table(1500, 64);
  for (int n : {1, 7, 1499}) {
    for (int i : {0, 1, 31}) {
      const double angle = n * std::pow(10000.0, -2.0 * i / 64);
      for (int which : {0, 1}) {
        EXPECT_NEAR(table.cos(n)[2 * i + which], std::cos(angle), 1e-7);
        EXPECT_NEAR(table.sin(n)[2 * i + which], (which == 0 ? -1 : 1) * std::sin(angle), 1e-7);
      }
    }
  }
}

// The reason for rotary positions: q·k depends on the distance of the two positions only.
TEST(RotaryTableTest, DotProductDependsOnTheDistanceOnly) {
  const Kernels& kernels = KernelsFor(Isa::kBaseline);
  const RotaryTable table(100, 8);
  const auto dot_at = [&](int m, int n) {
    std::vector<float> q = {1, 2, -1, 0.5f, 3, -2, 0.25f, 1}, k = {0.5f, 1, 2, -1, 1, 1, -3, 2};
    kernels.rotate_pairs(q.data(), table.cos(m), table.sin(m), 8);
    kernels.rotate_pairs(k.data(), table.cos(n), table.sin(n), 8);
    return kernels.dot(q.data(), k.data(), 8);
  };
  EXPECT_NEAR(dot_at(3, 10), dot_at(90, 97), 2e-5);
  EXPECT_GT(std::abs(dot_at(3, 10) - dot_at(3, 11)), 1e-2);
}

}  // namespace
}  // namespace senvec
