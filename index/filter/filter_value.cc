#include "index/filter/filter_value.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "index/filter/field_path.h"

namespace senvec {
namespace {

// Holds every int64 and uint64, and every double that one of them may round to.
using Wide = __int128;

constexpr uint64_t kSign = uint64_t{1} << 63;
constexpr double kTwo63 = 9223372036854775808.0;
constexpr double kTwo64 = 18446744073709551616.0;

// A number is written as the largest double that is not above it, and what is missing: 8 bytes
// whose order is that of the doubles, and 2 bytes for a rest that is 0 for doubles and below 2,048
// for integers (the distance of doubles below 2^64). Big-endian, so that bytes compare as numbers
// do.
std::string NumberBytes(double floor, uint16_t rest) {
  if (floor == 0) floor = 0;  // −0 is 0
  const auto raw = std::bit_cast<uint64_t>(floor);
  const uint64_t ordered = (raw & kSign) != 0 ? ~raw : raw | kSign;
  std::string bytes(10, '\0');
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(ordered >> (56 - 8 * i));
  bytes[8] = static_cast<char>(rest >> 8);
  bytes[9] = static_cast<char>(rest);
  return bytes;
}

template <typename Integer>
std::string IntegerBytes(Integer value) {
  auto floor = static_cast<double>(value);
  if (static_cast<Wide>(floor) > static_cast<Wide>(value)) {
    floor = std::nextafter(floor, -std::numeric_limits<double>::infinity());
  }
  return NumberBytes(floor,
                     static_cast<uint16_t>(static_cast<Wide>(value) - static_cast<Wide>(floor)));
}

std::string NumberToString(const std::string& bytes) {
  uint64_t ordered = 0;
  for (int i = 0; i < 8; ++i) ordered = ordered << 8 | static_cast<uint8_t>(bytes[i]);
  const int rest = static_cast<uint8_t>(bytes[8]) << 8 | static_cast<uint8_t>(bytes[9]);
  const auto floor = std::bit_cast<double>((ordered & kSign) != 0 ? ordered & ~kSign : ~ordered);
  if (floor >= -kTwo63 && floor < kTwo64 && floor == std::trunc(floor)) {
    const Wide value = static_cast<Wide>(floor) + rest;
    return value < 0 ? absl::StrCat(static_cast<int64_t>(value))
                     : absl::StrCat(static_cast<uint64_t>(value));
  }
  char buffer[32];
  const std::to_chars_result end = std::to_chars(buffer, buffer + sizeof buffer, floor);
  return std::string(buffer, end.ptr);
}

}  // namespace

FilterValue FilterValue::Bool(bool value) {
  return {Type::kBool, std::string(1, static_cast<char>(value))};
}
FilterValue FilterValue::Int(int64_t value) { return {Type::kNumber, IntegerBytes(value)}; }
FilterValue FilterValue::Unsigned(uint64_t value) { return {Type::kNumber, IntegerBytes(value)}; }
FilterValue FilterValue::Double(double value) { return {Type::kNumber, NumberBytes(value, 0)}; }
FilterValue FilterValue::String(std::string value) { return {Type::kString, std::move(value)}; }

std::string FilterValue::ToString() const {
  switch (type_) {
    case Type::kBool: return bytes_[0] != 0 ? "true" : "false";
    case Type::kNumber: return NumberToString(bytes_);
    case Type::kString: break;
  }
  return QuoteString(bytes_);
}

}  // namespace senvec
