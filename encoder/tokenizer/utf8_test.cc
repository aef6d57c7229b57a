#include "encoder/tokenizer/utf8.h"

#include <gmock/gmock.h>

namespace senvec {
namespace {

TEST(Utf8Test, EveryCodePointSurvivesEncodingAndDecoding) {
  for (uint32_t c = 0; c < 0x110000; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    std::string text;
    AppendUtf8(c, text);
    ASSERT_TRUE(IsValidUtf8(text));
    size_t at = 0;
    ASSERT_EQ(DecodeUtf8(text, at), c);
    ASSERT_EQ(at, text.size());
  }
}

struct RepairCase {
  const char* name;
  std::string bytes;
  std::string repaired;  // F stands for U+FFFD
};

class RepairTest : public testing::TestWithParam<RepairCase> {};

// Expected values: bytes.decode("utf-8", errors="replace") of CPython 3.11.
TEST_P(RepairTest, ReplacesEachMaximalIllFormedPart) {
  EXPECT_FALSE(IsValidUtf8(GetParam().bytes));
  std::string expected;
  for (char c : GetParam().repaired) {
    if (c == 'F') {
      AppendUtf8(kReplacementCharacter, expected);
    } else {
      expected.push_back(c);
    }
  }
  EXPECT_EQ(RepairUtf8(GetParam().bytes).text, expected);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, RepairTest,
    testing::Values(RepairCase{"lone_continuation", "a\x80z", "aFz"}, RepairCase{"overlong_slash", "\xC0\xAF", "FF"},
                    RepairCase{"overlong_three", "\xE0\x80\x80", "FFF"},
                    RepairCase{"surrogate", "\xED\xA0\x80", "FFF"},
                    RepairCase{"cut_three", "\xE4\xB8", "F"}, RepairCase{"cut_four", "\xF0\x9F\x98 b", "F b"},
                    RepairCase{"cut_then_lead", "\xE4\xB8\xE4\xB8\xAD", "F\xE4\xB8\xAD"},
                    RepairCase{"beyond_the_last", "\xF4\x90\x80\x80", "FFFF"},
                    RepairCase{"five_byte_lead", "\xF8\x88\x80\x80\x80", "FFFFF"},
                    RepairCase{"ff", "\xFF", "F"}),
    [](const auto& repair) { return repair.param.name; });

TEST(RepairOriginTest, SaysWhereEachCharacterStood) {
  const RepairedText repaired = RepairUtf8("a\xE4\xB8z");
  EXPECT_THAT(repaired.origin, testing::ElementsAre(0, 1, 1, 1, 3, 4));
}

}  // namespace
}  // namespace senvec
