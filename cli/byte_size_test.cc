#include "cli/byte_size.h"

#include <gmock/gmock.h>

namespace senvec {
namespace {

TEST(ByteSizeTest, ReadsWhatPeopleWrite) {
  const struct {
    const char* text;
    int64_t bytes;
  } kCases[] = {{"0", 0},         {"17", 17},      {"500MB", 500000000}, {"2GB", 2000000000}, {"2 gb", 2000000000},
                {"1.5kb", 1500}, {"1MiB", 1 << 20}, {"1TB", 1000000000000}};
  for (const auto& c : kCases) EXPECT_EQ(ParseByteSize(c.text).value_or(-1), c.bytes) << c.text;
}

TEST(ByteSizeTest, RefusesTheRest) {
  for (const char* text : {"", "GB", "-1GB", "2XB", "9999999TB", "nan"}) EXPECT_FALSE(ParseByteSize(text).ok()) << text;
  EXPECT_THAT(std::string(ParseByteSize("2XB").status().message()), testing::HasSubstr("write 500MB, 2GB"));
}

TEST(ByteSizeTest, ShowsWithAUnit) {
  EXPECT_EQ(ShowBytes(999), "999 B");
  EXPECT_EQ(ShowBytes(1234567), "1.2 MB");
  EXPECT_EQ(ShowBytes(2500000000), "2.50 GB");
}

}  // namespace
}  // namespace senvec
