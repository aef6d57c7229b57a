#include "encoder/weights/float_convert.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

namespace senvec {
namespace {

// The definition, in double: sign · 2^(e−15) · (1 + m/1024), or m · 2^-24.
double HalfByDefinition(uint16_t bits) {
  const int exponent = (bits >> 10) & 31, mantissa = bits & 1023;
  const double sign = bits & 0x8000 ? -1 : 1;
  if (exponent == 31) {
    return mantissa == 0 ? sign * std::numeric_limits<double>::infinity()
                         : std::numeric_limits<double>::quiet_NaN();
  }
  if (exponent == 0) return sign * std::ldexp(mantissa, -24);
  return sign * std::ldexp(1024 + mantissa, exponent - 25);
}

TEST(FloatConvertTest, EveryHalfHasItsValue) {
  std::vector<uint16_t> all(65536);
  for (int i = 0; i < 65536; ++i) all[i] = static_cast<uint16_t>(i);
  std::vector<float> rows(all.size());
  HalfRowToFloat(reinterpret_cast<const char*>(all.data()), absl::MakeSpan(rows));
  for (int i = 0; i < 65536; ++i) {
    const double want = HalfByDefinition(static_cast<uint16_t>(i));
    if (std::isnan(want)) {
      EXPECT_TRUE(std::isnan(HalfToFloat(all[i])) && std::isnan(rows[i])) << i;
    } else {
      EXPECT_EQ(HalfToFloat(all[i]), want) << i;
      EXPECT_EQ(rows[i], want) << i;
      EXPECT_EQ(FloatToHalf(static_cast<float>(want)), i) << "round trip";
    }
  }
}

TEST(FloatConvertTest, HalfRoundsToNearestEven) {
  EXPECT_EQ(FloatToHalf(1.0f + 0x1p-11f), 0x3c00) << "a tie goes to the even mantissa";
  EXPECT_EQ(FloatToHalf(1.0f + 3 * 0x1p-11f), 0x3c02);
  EXPECT_EQ(FloatToHalf(0x1p-25f), 0) << "half of the smallest subnormal is a tie with zero";
  EXPECT_EQ(FloatToHalf(1.5f * 0x1p-25f), 1);
  EXPECT_EQ(FloatToHalf(65519.0f), 0x7bff);
  EXPECT_EQ(FloatToHalf(65520.0f), 0x7c00);
  EXPECT_EQ(FloatToHalf(-1e30f), 0xfc00);
}

TEST(FloatConvertTest, BFloat16IsTheUpperHalfOfAFloat) {
  const uint16_t bits[] = {0x3f80, 0xc049, 0x7f80, 0x0001};
  std::vector<float> out(4);
  BFloat16RowToFloat(reinterpret_cast<const char*>(bits), absl::MakeSpan(out));
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(std::bit_cast<uint32_t>(out[i]), static_cast<uint32_t>(bits[i]) << 16);
  }
}

TEST(FloatConvertTest, EveryBFloat16RowEqualsTheScalarForm) {
  std::vector<uint16_t> all(65536);
  for (int i = 0; i < 65536; ++i) all[i] = static_cast<uint16_t>(i);
  std::vector<float> rows(all.size());
  BFloat16RowToFloat(reinterpret_cast<const char*>(all.data()), absl::MakeSpan(rows));
  for (int i = 0; i < 65536; ++i) {
    EXPECT_EQ(std::bit_cast<uint32_t>(rows[i]), std::bit_cast<uint32_t>(BFloat16ToFloat(all[i]))) << i;
  }
}

TEST(FloatConvertTest, UnalignedRowsAndOddLengthsWork) {
  std::vector<char> bytes(64, 0);
  for (size_t n : {0u, 1u, 7u, 8u, 9u, 17u}) {
    for (size_t i = 0; i < n; ++i) {
      bytes[1 + 2 * i] = 0x00;
      bytes[2 + 2 * i] = 0x3c;  // 1.0
    }
    std::vector<float> out(n);
    HalfRowToFloat(bytes.data() + 1, absl::MakeSpan(out));
    for (float value : out) EXPECT_EQ(value, 1.0f);
  }
}

}  // namespace
}  // namespace senvec
