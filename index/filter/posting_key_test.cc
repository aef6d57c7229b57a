#include "index/filter/posting_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "absl/strings/str_cat.h"

namespace senvec {
namespace {

using testing::HasSubstr;

std::vector<std::string> Keys(absl::string_view metadata) {
  const absl::StatusOr<std::vector<std::string>> keys = PostingKeys(metadata);
  EXPECT_TRUE(keys.ok()) << keys.status();
  return keys.ok() ? *keys : std::vector<std::string>{"failed"};
}

std::vector<std::string> Sorted(std::vector<std::string> keys) {
  std::sort(keys.begin(), keys.end());
  return keys;
}

TEST(PostingKeysTest, ListsValuesAndFieldsByPath) {
  EXPECT_EQ(
      Keys(R"({"lang":"zh","a":{"n":2,"ok":true}})"),
      Sorted({ValueKey({"lang"}, FilterValue::String("zh")), ExistsKey({"lang"}), ExistsKey({"a"}),
              ValueKey({"a", "n"}, FilterValue::Int(2)), ExistsKey({"a", "n"}),
              ValueKey({"a", "ok"}, FilterValue::Bool(true)), ExistsKey({"a", "ok"})}));
}

TEST(PostingKeysTest, ListsElementsOfArraysUnderTheArraysField) {
  EXPECT_EQ(
      Keys(R"({"t":["x",["y",1,1.0],{"u":null},{"u":2}]})"),
      Sorted({ValueKey({"t"}, FilterValue::String("x")), ValueKey({"t"}, FilterValue::String("y")),
              ValueKey({"t"}, FilterValue::Int(1)), ExistsKey({"t"}),
              ValueKey({"t", "u"}, FilterValue::Int(2)), ExistsKey({"t", "u"})}));
}

TEST(PostingKeysTest, NullAndEmptyContainersAreNoValues) {
  for (const char* metadata :
       {"", "{}", R"({"a":null})", R"({"a":[]})", R"({"a":{}})", R"({"a":[null,{"b":[]}]})"}) {
    EXPECT_TRUE(Keys(metadata).empty()) << metadata;
  }
}

TEST(PostingKeysTest, OddNamesDoNotCollide) {
  const std::vector<FieldPath> paths = {{"a"},
                                        {"a", "b"},
                                        {"a.b"},
                                        {""},
                                        {"", ""},
                                        {"a", ""},
                                        {"", "a"},
                                        {std::string("a\0", 2)},
                                        {std::string("a\0\2b", 4)},
                                        {std::string("a\0\1", 3)},
                                        {std::string("\0", 1)},
                                        {"é"},
                                        {"e\u0301"},
                                        {"a\xff"},
                                        {"ab"},
                                        {"a", "b", "c"},
                                        {"a", "b.c"}};
  std::vector<std::string> keys;
  for (const FieldPath& path : paths) {
    keys.push_back(ExistsKey(path));
    keys.push_back(ValueKey(path, FilterValue::Int(1)));
    keys.push_back(ValueKey(path, FilterValue::Bool(false)));
    for (const auto& text :
         {std::string(), std::string("\0", 1), std::string("\0\1", 2), std::string("\1"),
          std::string("a"), std::string("\xff"), std::string(512, 'a'), std::string(513, 'a')}) {
      keys.push_back(ValueKey(path, FilterValue::String(text)));
    }
  }
  std::sort(keys.begin(), keys.end());
  for (size_t i = 1; i < keys.size(); ++i) {
    ASSERT_NE(keys[i].compare(0, keys[i - 1].size(), keys[i - 1]), 0)
        << "one key starts another: " << i;
  }
}

TEST(PostingKeysTest, LimitsNameTheField) {
  std::string deep = "1";
  for (int i = 0; i < 31; ++i) deep = absl::StrCat("[", deep, "]");
  EXPECT_EQ(Keys(absl::StrCat(R"({"deep":)", deep, "}")).size(), 2u);
  std::string many = "[0";
  for (int i = 1; i < 1023; ++i) absl::StrAppend(&many, ",", i);
  EXPECT_EQ(Keys(absl::StrCat(R"({"many":)", many, "]}")).size(), 1024u);
  const std::string long_name(kMaxFieldPathBytes, 'n');
  const struct {
    std::string metadata;
    const char* message;
  } cases[] = {
      {absl::StrCat(R"({"x":{"deep":[)", deep, "]}}"),
       "metadata: field x.deep nests deeper than 32"},
      {absl::StrCat(R"({"many":)", many, ",-1]}"),
       "metadata: field many is one too many: a document may have 1024"},
      {absl::StrCat(R"({")", long_name, R"(":1})"), "… has a name of more than 1024 bytes"},
      {"[1]", "metadata: must be a JSON object, got array"},
      {"{", "metadata: not valid JSON"},
      {R"({"a":1e999})", "metadata: not valid JSON"},
      {"{\"a\":\"\xff\"}", "metadata: not valid JSON"},
  };
  for (const auto& [metadata, message] : cases) {
    const absl::StatusOr<std::vector<std::string>> keys = PostingKeys(metadata);
    ASSERT_FALSE(keys.ok()) << message;
    EXPECT_EQ(keys.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(keys.status().message()), HasSubstr(message));
    EXPECT_LT(keys.status().message().size(), 300u);
  }
}

// 80-bit long doubles hold every int64, uint64 and double.
static_assert(std::numeric_limits<long double>::digits >= 64);

struct Number {
  long double exact;
  FilterValue value;
};

Number RandomNumber(std::mt19937_64& random) {
  const auto near = [&](uint64_t base) { return base + random() % 5 - 2; };
  constexpr uint64_t kBases[] = {
      0, 1, 1000, uint64_t{1} << 53, uint64_t{1} << 54, uint64_t{1} << 62, uint64_t{1} << 63, 0};
  uint64_t bits = random() % 2 == 0 ? near(kBases[random() % 8]) : random() >> random() % 64;
  switch (random() % 4) {
    case 0: return {static_cast<long double>(bits), FilterValue::Unsigned(bits)};
    case 1:
      return {static_cast<long double>(static_cast<int64_t>(bits)),
              FilterValue::Int(static_cast<int64_t>(bits))};
    case 2: {  // doubles at or beside integers
      double value = static_cast<double>(random() % 2 == 0 ? static_cast<int64_t>(bits) : bits);
      if (random() % 2 == 0) value = std::nextafter(value, random() % 2 == 0 ? -1e300 : 1e300);
      if (random() % 4 == 0) value /= 3;
      return {value, FilterValue::Double(value)};
    }
    default: {
      const auto value = std::bit_cast<double>(random());
      const double finite = std::isfinite(value) ? value : -0.0;
      return {finite, FilterValue::Double(finite)};
    }
  }
}

TEST(FilterValueTest, NumbersOfEveryKindHaveOneExactOrder) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 500000; ++round) {
    const Number a = RandomNumber(random);
    const Number b = RandomNumber(random);
    ASSERT_EQ(a.exact < b.exact, a.value < b.value)
        << a.value.ToString() << " and " << b.value.ToString();
    ASSERT_EQ(a.exact == b.exact, a.value == b.value)
        << a.value.ToString() << " and " << b.value.ToString();
    const std::string key_a = ValueKey({"n"}, a.value);
    ASSERT_EQ(a.exact < b.exact, key_a < ValueKey({"n"}, b.value));
  }
}

TEST(FilterValueTest, NumbersAreWrittenSoThatTheyComeBack) {
  EXPECT_EQ(FilterValue::Double(1.0).ToString(), "1");
  EXPECT_EQ(FilterValue::Double(-0.0).ToString(), "0");
  EXPECT_EQ(FilterValue::Double(0.1).ToString(), "0.1");
  EXPECT_EQ(FilterValue::Double(-1e300).ToString(), "-1e+300");
  EXPECT_EQ(FilterValue::Int(std::numeric_limits<int64_t>::min()).ToString(),
            "-9223372036854775808");
  EXPECT_EQ(FilterValue::Unsigned(~uint64_t{0}).ToString(), "18446744073709551615");
  EXPECT_EQ(FilterValue::Int(9007199254740993).ToString(), "9007199254740993");
  std::mt19937_64 random(2);
  for (int round = 0; round < 20000; ++round) {
    const Number number = RandomNumber(random);
    // ParseMetadata's reading of numbers is another one than ours.
    const std::vector<std::string> keys =
        Keys(absl::StrCat(R"({"n":)", number.value.ToString(), "}"));
    ASSERT_THAT(keys, testing::Contains(ValueKey({"n"}, number.value))) << number.value.ToString();
  }
}

TEST(PostingKeysTest, ShortStringsAreOrderedByTheirBytes) {
  std::mt19937_64 random(3);
  const auto text = [&] {
    std::string made(random() % 6, '\0');
    constexpr char kBytes[] = {'\0', '\1', '\2', 'a', '\xfe', '\xff'};
    for (char& c : made) c = kBytes[random() % 6];
    return made;
  };
  for (int round = 0; round < 100000; ++round) {
    const std::string a = text();
    const std::string b = text();
    ASSERT_EQ(a < b,
              ValueKey({"f"}, FilterValue::String(a)) < ValueKey({"f"}, FilterValue::String(b)));
    const KeyRange starting = PrefixKeys({"f"}, a);
    const std::string key = ValueKey({"f"}, FilterValue::String(b));
    ASSERT_EQ(b.compare(0, a.size(), a) == 0, starting.first <= key && key < starting.last);
  }
}

TEST(PostingKeysTest, LongStringsStandAfterTheirStart) {
  const std::string start(kMaxListedString, 'x');
  const auto key = [](const std::string& text) {
    return ValueKey({"f"}, FilterValue::String(text));
  };
  const KeyRange cut = CutStringKeys({"f"}, start + "tail");
  for (const std::string tail : {"", "a", "zzz"}) {
    const std::string long_key = key(start + "-" + tail);
    EXPECT_LT(key(start), long_key);
    EXPECT_LT(long_key, key(start.substr(1) + "y"));
    EXPECT_TRUE(cut.first <= long_key && long_key < cut.last);
    EXPECT_NE(long_key, key(start + "+" + tail));
    EXPECT_LT(long_key.size(), kMaxListedString + 20);
  }
  EXPECT_FALSE(cut.first <= key(start) && key(start) < cut.last);
}

}  // namespace
}  // namespace senvec
