#include "cli/byte_size.h"

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace senvec {
namespace {

struct Unit {
  const char* name;
  double bytes;
};
constexpr Unit kUnits[] = {{"", 1},     {"B", 1},       {"KB", 1e3},       {"MB", 1e6},           {"GB", 1e9},
                           {"TB", 1e12}, {"KIB", 1 << 10}, {"MIB", 1 << 20}, {"GIB", 1 << 30}, {"TIB", 1LL << 40}};
constexpr double kMost = 1LL << 50;

}  // namespace

absl::StatusOr<int64_t> ParseByteSize(absl::string_view text) {
  const size_t end = text.find_last_of("0123456789.");
  const size_t digits = end == absl::string_view::npos ? 0 : end + 1;
  const std::string unit = absl::AsciiStrToUpper(absl::StripAsciiWhitespace(text.substr(digits)));
  double number = 0;
  if (absl::SimpleAtod(text.substr(0, digits), &number) && number >= 0) {
    for (const Unit& known : kUnits) {
      if (unit == known.name && number * known.bytes <= kMost) return static_cast<int64_t>(number * known.bytes);
    }
  }
  return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is no size; write 500MB, 2GB or a number of bytes"));
}

std::string ShowBytes(int64_t bytes) {
  const auto value = static_cast<double>(bytes);
  if (value < 1e3) return absl::StrCat(bytes, " B");
  if (value < 1e6) return absl::StrFormat("%.1f KB", value / 1e3);
  if (value < 1e9) return absl::StrFormat("%.1f MB", value / 1e6);
  return absl::StrFormat("%.2f GB", value / 1e9);
}

}  // namespace senvec
