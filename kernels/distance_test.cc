#include "kernels/distance.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

namespace senvec {
namespace {

constexpr double kUnit = 1.0 / (1 << 24);  // half a unit in the last place of a float near 1

std::vector<float> Random(size_t n, uint32_t seed) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> values(n);
  for (float& value : values) value = uniform(engine);
  return values;
}

class DistanceTest : public testing::TestWithParam<Isa> {
 protected:
  const DistanceKernels& kernels() const { return DistanceKernelsFor(GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(Isas, DistanceTest, testing::ValuesIn(SupportedIsas()),
                         [](const auto& isa) { return std::string(IsaName(isa.param)); });

// The value of a half float by its definition.
double HalfValue(uint16_t half) {
  const int exponent = half >> 10 & 31, mantissa = half & 1023;
  const double magnitude = exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
  return half & 0x8000 ? -magnitude : magnitude;
}

TEST_P(DistanceTest, EveryFiniteHalfFloatIsReadAndWrittenExactly) {
  std::vector<uint16_t> halves;
  for (uint32_t half = 0; half < 65536; ++half) {
    if ((half >> 10 & 31) != 31) halves.push_back(static_cast<uint16_t>(half));
  }
  std::vector<float> floats(halves.size());
  kernels().from_fp16(halves.data(), halves.size(), floats.data());
  for (size_t i = 0; i < halves.size(); ++i) ASSERT_EQ(floats[i], HalfValue(halves[i])) << halves[i];
  std::vector<uint16_t> back(halves.size());
  kernels().to_fp16(floats.data(), floats.size(), back.data());
  EXPECT_EQ(back, halves);
}

TEST_P(DistanceTest, FloatsAreRoundedToTheNearestHalfFloatTiesToEven) {
  std::vector<float> values;
  for (uint16_t half : {0, 1, 2, 3, 511, 1023, 1024, 1025, 0x3c00, 0x3c01, 0x7bfe, 0x7bff}) {
    const double low = HalfValue(half), high = half == 0x7bff ? 65536 : HalfValue(half + 1);
    const float middle = static_cast<float>((low + high) / 2);
    for (float value : {std::nextafter(middle, 0.0f), middle, std::nextafter(middle, 1e9f)}) {
      values.push_back(value);
      values.push_back(-value);
    }
  }
  std::vector<uint16_t> halves(values.size());
  kernels().to_fp16(values.data(), values.size(), halves.data());
  for (size_t i = 0; i < values.size(); ++i) {
    // The nearest by trying all, of two equally near the even one; from 65520 on infinite.
    uint16_t expected = 0;
    double nearest = std::numeric_limits<double>::infinity();
    for (uint32_t half = 0; half <= 0x7c00; ++half) {
      const double value = half == 0x7c00 ? 65536 : HalfValue(static_cast<uint16_t>(half));
      const double distance = std::abs(std::abs(double{values[i]}) - value);
      if (distance < nearest || (distance == nearest && half % 2 == 0)) {
        nearest = distance;
        expected = static_cast<uint16_t>(half);
      }
    }
    EXPECT_EQ(halves[i] & 0x7fff, expected) << values[i];
    EXPECT_EQ(halves[i] >> 15, values[i] < 0) << values[i];
  }
}

// Of a sum of n products, each rounded once, and of the differences.
TEST_P(DistanceTest, ScoresStayWithinTheErrorBoundOfASum) {
  for (size_t n : {1, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 384, 1030}) {
    constexpr size_t kRows = 11;
    const auto query = Random(n, 1), rows = Random(kRows * n, 2);
    std::vector<uint16_t> halves(rows.size());
    kernels().to_fp16(rows.data(), rows.size(), halves.data());
    std::vector<float> rounded(rows.size());
    kernels().from_fp16(halves.data(), halves.size(), rounded.data());
    const std::vector<uint32_t> ids = {10, 3, 3, 0, 9, 1, 2};
    for (bool half : {false, true}) {
      const std::vector<float>& values = half ? rounded : rows;
      const RowsView view = {half ? static_cast<const void*>(halves.data()) : rows.data(), n * (half ? 2 : 4),
                             ids.data(), ids.size()};
      std::vector<float> dot(ids.size()), l2(ids.size());
      (half ? kernels().dot_fp16 : kernels().dot_fp32)(query.data(), view, n, dot.data());
      (half ? kernels().l2_fp16 : kernels().l2_fp32)(query.data(), view, n, l2.data());
      for (size_t r = 0; r < ids.size(); ++r) {
        double sum = 0, size = 0, distance = 0;
        for (size_t i = 0; i < n; ++i) {
          const double a = query[i], b = values[ids[r] * n + i];
          sum += a * b;
          size += std::abs(a * b);
          distance += (a - b) * (a - b);
        }
        EXPECT_NEAR(dot[r], sum, (n + 1) * kUnit * size) << n;
        EXPECT_NEAR(l2[r], distance, (n + 3) * kUnit * distance) << n;
      }
    }
  }
}

TEST_P(DistanceTest, ARowHasTheSameBitsAloneAndAmongOthers) {
  constexpr size_t kRows = 9;
  for (size_t n : {5, 24, 100, 384}) {
    const auto query = Random(n, 3), rows = Random(kRows * n, 4);
    std::vector<uint16_t> halves(rows.size());
    kernels().to_fp16(rows.data(), rows.size(), halves.data());
    for (auto [function, base, stride] :
         {std::tuple{kernels().dot_fp32, static_cast<const void*>(rows.data()), n * 4},
          std::tuple{kernels().l2_fp32, static_cast<const void*>(rows.data()), n * 4},
          std::tuple{kernels().dot_fp16, static_cast<const void*>(halves.data()), n * 2},
          std::tuple{kernels().l2_fp16, static_cast<const void*>(halves.data()), n * 2}}) {
      std::vector<float> together(kRows);
      function(query.data(), {base, stride, nullptr, kRows}, n, together.data());
      for (uint32_t r = 0; r < kRows; ++r) {
        float alone;
        function(query.data(), {base, stride, &r, 1}, n, &alone);
        EXPECT_EQ(std::memcmp(&alone, &together[r], sizeof(float)), 0) << n << " " << r;
      }
    }
  }
}

TEST_P(DistanceTest, CodesAreSummedExactly) {
  std::mt19937 engine(5);
  for (size_t n : {64, 128, 384, 1088, 65536}) {
    constexpr size_t kRows = 7, kQueriesHere = 6;
    std::vector<uint8_t> rows(kRows * n);
    std::vector<int8_t> queries(kQueriesHere * n);
    for (uint8_t& code : rows) code = static_cast<uint8_t>(engine());
    for (int8_t& code : queries) code = static_cast<int8_t>(static_cast<int>(engine() % 255) - 127);
    // The greatest sum that there is.
    std::fill_n(rows.begin(), n, uint8_t{255});
    std::fill_n(queries.begin(), n, int8_t{127});
    const std::vector<uint32_t> ids = {6, 0, 2, 2, 5, 1};
    std::vector<int32_t> out(ids.size()), block(kQueriesHere * kRows);
    kernels().dot_codes(queries.data(), {rows.data(), n, ids.data(), ids.size()}, n, out.data());
    kernels().dot_codes_block(queries.data(), kQueriesHere, {rows.data(), n, nullptr, kRows}, n, block.data(), kRows);
    for (size_t q = 0; q < kQueriesHere; ++q) {
      for (size_t r = 0; r < kRows; ++r) {
        int64_t expected = 0;
        for (size_t i = 0; i < n; ++i) expected += int64_t{rows[r * n + i]} * queries[q * n + i];
        EXPECT_EQ(block[q * kRows + r], expected) << n;
        for (size_t i = 0; q == 0 && i < ids.size(); ++i) {
          if (ids[i] != r) continue;
          EXPECT_EQ(out[i], expected) << n;
        }
      }
    }
  }
}

}  // namespace
}  // namespace senvec
