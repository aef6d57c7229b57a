#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "index/filter/filter.h"

namespace senvec {
namespace {

using testing::HasSubstr;

std::string Canonical(absl::string_view expression) {
  const absl::StatusOr<Filter> filter = Filter::Parse(expression);
  return filter.ok() ? filter->ToString() : std::string(filter.status().message());
}

std::string Repeated(absl::string_view text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) absl::StrAppend(&all, text);
  return all;
}

TEST(FilterParseTest, WritesTheCanonicalForm) {
  const struct {
    const char* expression;
    const char* canonical;
  } cases[] = {
      {R"(lang = "zh" and (year >= 2020 or tag in ("a","b")) and not exists(draft) and path prefix "faq/")",
       R"(lang = "zh" and (year >= 2020 or tag in ("a", "b")) and not exists(draft) and path prefix "faq/")"},
      {"a=1", "a = 1"},
      {"a==1", "a = 1"},
      {"a!=1", "a != 1"},
      {"a≠1", "a != 1"},
      {"a≤1 or a≥2", "a <= 1 or a >= 2"},
      {"a<1 and a>2", "a < 1 and a > 2"},
      {"a=1 AND b=2 Or c=3", "a = 1 and b = 2 or c = 3"},
      {"a = 1 or b = 2 and c = 3", "a = 1 or b = 2 and c = 3"},
      {"(a = 1 or b = 2) and c = 3", "(a = 1 or b = 2) and c = 3"},
      {"((a = 1))", "a = 1"},
      {"a = 1 and (b = 2 and c = 3)", "a = 1 and b = 2 and c = 3"},
      {"(a = 1 or b = 2) or c = 3", "a = 1 or b = 2 or c = 3"},
      {"not a = 1", "a != 1"},
      {"not a != 1", "a = 1"},
      {"not not not a < 1", "not a < 1"},
      {"not (a = 1 and b = 2)", "not (a = 1 and b = 2)"},
      {"not a = 1 and b = 2", "a != 1 and b = 2"},
      {"not (a in (1,2))", "a not in (1, 2)"},
      {"a not in (2, 1, 1.0)", "a not in (1, 2)"},
      {"a in (3)", "a = 3"},
      {"a not in ('x')", "a != \"x\""},
      {"a in (\"x\", 1, true, false)", "a in (false, true, 1, \"x\")"},
      {"a not prefix 'x'", "a not prefix \"x\""},
      {"a = null", "not exists(a)"},
      {"a != null", "exists(a)"},
      {"not not exists ( a . b )", "exists(a.b)"},
      {"a.b.c = true", "a.b.c = true"},
      {R"("a.b".'c d' = false)", R"("a.b"."c d" = false)"},
      {R"("plain" = 1)", "plain = 1"},
      {R"("in" = 1 and "Prefix" = 2 and "" = 3 and "1a" = 4 and "-a" = 5)",
       R"("in" = 1 and "Prefix" = 2 and "" = 3 and "1a" = 4 and "-a" = 5)"},
      {"doc-id = 1 and _x = 2 and 语言 = '中' and größe > 1",
       "doc-id = 1 and _x = 2 and 语言 = \"中\" and größe > 1"},
      {R"(a = "\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00\u0000")",
       "a = \"\\\"\\\\/\\u0008\\u000c\\n\\r\\té😀\\u0000\""},
      {R"(a = 'it\'s' and b = "it's")", R"(a = "it's" and b = "it's")"},
      {"a = -0", "a = 0"},
      {"a = -0.0", "a = 0"},
      {"a = 1e3", "a = 1000"},
      {"a = 1E-2", "a = 0.01"},
      {"a = 1e-400", "a = 0"},
      {"a = 9007199254740993", "a = 9007199254740993"},
      {"a = 18446744073709551615", "a = 18446744073709551615"},
      {"a = -9223372036854775808", "a = -9223372036854775808"},
      {"a = 18446744073709551616", "a = 18446744073709551616"},
      {"a = 1e300", "a = 1e+300"},
      {"a>-1", "a > -1"},
      {"a\t=\r\n1", "a = 1"},
  };
  for (const auto& [expression, canonical] : cases) {
    EXPECT_EQ(Canonical(expression), canonical) << expression;
    const absl::StatusOr<Filter> filter = Filter::Parse(expression);
    const absl::StatusOr<Filter> again = Filter::Parse(canonical);
    ASSERT_TRUE(filter.ok() && again.ok()) << expression;
    EXPECT_TRUE(*filter == *again) << expression;
  }
}

TEST(FilterParseTest, ErrorsNameTheColumnAndWhatWasExpected) {
  const struct {
    std::string expression;
    const char* message;
  } cases[] = {
      {"", "filter, column 1: the filter is empty"},
      {"  ", "filter, column 1: the filter is empty"},
      {"a",
       "filter, column 2: expected a comparison (= != < <= > >=), 'in', 'not in' or 'prefix', got "
       "the end"},
      {"a b",
       "filter, column 3: expected a comparison (= != < <= > >=), 'in', 'not in' or 'prefix', got "
       "b"},
      {"a =", "filter, column 4: expected a string, a number, true, false or null, got the end"},
      {"lang = zh",
       "filter, column 8: expected a string, a number, true, false or null, got zh; strings are "
       "written in quotes"},
      {"语言 = 中",
       "filter, column 6: expected a string, a number, true, false or null, got 中; strings are "
       "written in quotes"},
      {"a = 1 b = 2", "filter, column 7: expected 'and', 'or' or the end, got b"},
      {"a = 1)", "filter, column 6: expected 'and', 'or' or the end, got )"},
      {"(a = 1", "filter, column 7: expected 'and', 'or' or ')', got the end"},
      {"a = 1 and", "filter, column 10: expected a condition, got the end"},
      {"and a = 1",
       "filter, column 1: expected a condition, got and; a field of that name is written in "
       "quotes"},
      {"prefix = 1",
       "filter, column 1: expected a condition, got prefix; a field of that name is written in "
       "quotes"},
      {"1 = a", "filter, column 1: expected a condition, got 1; the field is written on the left"},
      {"a. = 1", "filter, column 4: expected a field name after '.', got ="},
      {"a.in = 1",
       "filter, column 3: expected a field name after '.', got in; a field of that name is written "
       "in quotes"},
      {"exists a", "filter, column 8: expected '(' after 'exists', got a"},
      {"exists()", "filter, column 8: expected a field name, got )"},
      {"exists(a", "filter, column 9: expected ')', got the end"},
      {"a in 1", "filter, column 6: expected '(' after 'in', got 1"},
      {"a in ()", "filter, column 7: expected a string, a number, true or false, got )"},
      {"a in (1,)", "filter, column 9: expected a string, a number, true or false, got )"},
      {"a in (1 2)", "filter, column 9: expected ',' or ')', got 2"},
      {"a in (null)",
       "filter, column 7: expected a string, a number, true or false, got null; what has no value "
       "is found with not exists(…)"},
      {"a in [1]", "filter, column 6: unknown sign '['; write ( instead"},
      {"a not = 1", "filter, column 7: expected 'in' or 'prefix' after 'not', got ="},
      {"a < true",
       "filter, column 5: expected a string or a number, got true; true and false have no order"},
      {"a < null",
       "filter, column 5: expected a string or a number, got null; what has no value is found with "
       "not exists(…)"},
      {"a prefix 1", "filter, column 10: expected a string after 'prefix', got 1"},
      {"a prefix true", "filter, column 10: expected a string after 'prefix', got true"},
      {"a = 1 && b = 2", "filter, column 7: unknown sign '&&'; write and instead"},
      {"a = 1 || b = 2", "filter, column 7: unknown sign '||'; write or instead"},
      {"!exists(a)", "filter, column 1: unknown sign '!'; write not instead"},
      {"a <> 1", "filter, column 3: unknown sign '<>'; write != instead"},
      {"a = “x”",
       "filter, column 5: unexpected character '“'; quotes, commas, parentheses and spaces are "
       "ASCII"},
      {"a ＝ 1", "filter, column 3: unexpected character '＝'"},
      {"a = 1 ; b = 2", "filter, column 7: unexpected character ';'"},
      {"a\xc2\xa0= 1", "filter, column 2: unexpected character"},
      {"a = \x01", "filter, column 5: unexpected control character"},
      {"a = \"x", "filter, column 5: the string that starts here has no closing \""},
      {"a = 'x\\'", "filter, column 5: the string that starts here has no closing '"},
      {R"(a = "é\x")", "filter, column 7: unknown escape; a string may have"},
      {R"(a = "\u12g4")", "filter, column 10: expected a hexadecimal digit"},
      {R"(a = "\ud800")", "filter, column 6: half of a surrogate pair"},
      {R"(a = "\ud800\u0041")", "filter, column 6: half of a surrogate pair"},
      {R"(a = "\udc00")", "filter, column 6: half of a surrogate pair"},
      {R"(a = "\)", "filter, column 6: unknown escape"},
      {"a = 2024-01-01",
       "filter, column 5: '2024-01-01' is not a number; strings, and field names"},
      {"a = 01", "filter, column 5: '01' is not a number"},
      {"a = 1.", "filter, column 5: '1.' is not a number"},
      {"a = 1e", "filter, column 5: '1e' is not a number"},
      {"a = -", "filter, column 5: '-' is not a number"},
      {"a = .5", "filter, column 5: expected a string, a number, true, false or null, got ."},
      {"a = +5", "filter, column 5: unexpected character '+'"},
      {"a = 1e999", "filter, column 5: 1e999 is beyond the range of 64-bit floating-point numbers"},
      {"a = -1e999", "filter, column 5: -1e999 is beyond the range"},
      {"a = \"\xff\"", "filter, column 6: bytes that are not UTF-8"},
      {"a = 1 \xc3", "filter, column 7: bytes that are not UTF-8"},
      {Repeated("x", 100), ", got the end"},
      {absl::StrCat("a = ", Repeated("x", 100)),
       "got xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…; strings"},
      {absl::StrCat(Repeated("(", 65), "a=1", Repeated(")", 65)),
       "filter, column 65: parentheses and 'not' nest deeper than 64"},
      {absl::StrCat(Repeated("not ", 65), "a=1"),
       "filter, column 257: parentheses and 'not' nest deeper than 64"},
      {absl::StrCat(Repeated("a=1 or ", 1024), "a=1"),
       "filter, column 7169: more than 1024 conditions; 'in' takes many values as one"},
      {absl::StrCat("a='", Repeated("x", 65536), "'"),
       "filter: 65540 bytes, more than the limit of 65536"},
  };
  for (const auto& [expression, message] : cases) {
    const absl::StatusOr<Filter> filter = Filter::Parse(expression);
    ASSERT_FALSE(filter.ok()) << expression;
    EXPECT_EQ(filter.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(filter.status().message()), HasSubstr(message)) << expression;
  }
}

TEST(FilterParseTest, TakesWhatIsJustWithinTheLimits) {
  EXPECT_EQ(Canonical(absl::StrCat(Repeated("(", 64), "a=1", Repeated(")", 64))), "a = 1");
  EXPECT_TRUE(Filter::Parse(absl::StrCat(Repeated("a=1 or ", 1023), "a=1")).ok());
  std::string many = "a in (0";
  for (int i = 1; i < 10000; ++i) absl::StrAppend(&many, ",", i);
  EXPECT_TRUE(Filter::Parse(absl::StrCat(many, ")")).ok());
}

}  // namespace
}  // namespace senvec
