#include "base/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace senvec {
namespace {

using ::testing::HasSubstr;

TEST(JsonTest, ErrorNamesPlaceAndByte) {
  const auto result = ParseJson("{\"a\": }", "model/config.json");
  ASSERT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(result.status().message()), HasSubstr("model/config.json"));
  EXPECT_THAT(std::string(result.status().message()), HasSubstr("byte 7"));
}

TEST(JsonTest, HostileNestingIsRefused) {
  EXPECT_FALSE(ParseJson(std::string(1000000, '['), "x").ok());
  EXPECT_TRUE(ParseJson("\"[[[[\\\"[[\"", "x").ok());
}

TEST(JsonTest, TypedAccessNamesKeyAndType) {
  const nlohmann::json object = {{"n", 3}, {"s", "x"}, {"null", nullptr}};
  EXPECT_EQ(JsonInt(object, "n", "f").value(), 3);
  EXPECT_EQ(JsonDouble(object, "n", "f").value(), 3.0);
  EXPECT_EQ(JsonIntOr(object, "null", 7, "f").value(), 7);
  EXPECT_THAT(std::string(JsonInt(object, "s", "f").status().message()),
              HasSubstr("f: \"s\" must be an integer, got string"));
  EXPECT_THAT(std::string(JsonString(object, "gone", "f").status().message()),
              HasSubstr("\"gone\" is missing"));
  EXPECT_FALSE(JsonBoolOr(object, "n", true, "f").ok());
}

TEST(JsonTest, DumpReplacesInvalidUtf8) {
  EXPECT_EQ(DumpJson(nlohmann::json("a\xff")), "\"a\xEF\xBF\xBD\"");
}

}  // namespace
}  // namespace senvec
