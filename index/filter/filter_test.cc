#include "index/filter/filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "index/filter/posting_key.h"
#include "tests/support/memory_postings.h"

namespace senvec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// What docs/filters.md promises, by evaluation on the document and through inverted lists.
TEST(FilterTest, HoldsWhereTheDocumentationSays) {
  constexpr char kDocument[] =
      R"({"lang":"zh","year":2021,"price":9.5,"draft":false,"none":null,"empty":[],"tags":["a","b",7,[true]],
          "author":{"name":"Li","age":40},"parts":[{"n":1},{"n":2,"m":null}],"a.b":1,"big":9007199254740993,"":"nameless"})";
  const struct {
    const char* expression;
    bool matches;
  } cases[] = {
      {"lang = 'zh'", true},
      {"lang = 'ZH'", false},
      {"lang != 'en'", true},
      {"lang != 'zh'", false},
      {"lang in ('en', 'zh')", true},
      {"lang not in ('en', 'zh')", false},
      {"lang prefix 'z'", true},
      {"lang prefix ''", true},
      {"lang prefix 'zhx'", false},
      {"lang not prefix 'e'", true},
      {"lang < 'zi'", true},
      {"lang >= 'zh'", true},
      {"lang > 'zh'", false},
      {"lang <= 'z'", false},
      {"year = 2021.0", true},
      {"year > 2020.5", true},
      {"year < 2021", false},
      {"year <= 2021", true},
      {"price = 9.5", true},
      {"big = 9007199254740993", true},
      {"big = 9007199254740992", false},
      {"big > 9007199254740992", true},
      // Types never mix.
      {"year = '2021'", false},
      {"year != '2021'", true},
      {"lang < 5", false},
      {"lang > 5", false},
      {"draft = 0", false},
      {"year prefix '2'", false},
      {"draft = false", true},
      {"draft != true", true},
      // Absent fields.
      {"missing = 1", false},
      {"missing != 1", true},
      {"missing not in (1, 2)", true},
      {"missing < 1", false},
      {"not missing < 1", true},
      {"missing not prefix 'x'", true},
      {"exists(missing)", false},
      {"missing = null", true},
      {"exists(none)", false},
      {"none = null", true},
      {"none != 1", true},
      {"exists(empty)", false},
      {"lang != null", true},
      {"exists(lang)", true},
      {"lang.x = 'zh'", false},
      {"not exists(lang.x)", true},
      // Arrays: any element, at any depth.
      {"tags = 'a'", true},
      {"tags = 7", true},
      {"tags = true", true},
      {"tags = 'c'", false},
      {"tags != 'a'", false},
      {"tags != 'c'", true},
      {"tags > 'a'", true},
      {"tags > 'a' and tags < 'b'", true},
      {"tags > 'b'", false},
      {"tags in ('x', 'b')", true},
      {"tags not in ('x', 'b')", false},
      {"tags prefix 'b'", true},
      {"exists(tags)", true},
      // Objects, also in arrays.
      {"author.name = 'Li'", true},
      {"author.age >= 40", true},
      {"exists(author)", true},
      {"exists(author.name)", true},
      {"author = 'Li'", false},
      {"exists(author.x)", false},
      {"parts.n = 2", true},
      {"parts.n = 1 and parts.n = 2", true},
      {"exists(parts.m)", false},
      {"exists(parts)", true},
      {"'a.b' = 1", true},
      {"a.b = 1", false},
      {"'' prefix 'name'", true},
      // Combinations.
      {"lang = 'zh' and year = 2021", true},
      {"lang = 'zh' and year = 2020", false},
      {"lang = 'en' or year = 2021", true},
      {"lang = 'en' or lang = 'fr' or lang = 'de'", false},
      {"not (lang = 'zh' and year = 2021)", false},
      {"lang = 'en' or lang = 'zh' and year = 2021", true},
      {"(lang = 'en' or lang = 'zh') and year = 2020", false},
  };
  MemoryPostings postings;
  ASSERT_TRUE(postings.Add(kDocument).ok());
  for (const auto& [expression, expected] : cases) {
    const absl::StatusOr<Filter> filter = Filter::Parse(expression);
    ASSERT_TRUE(filter.ok()) << filter.status();
    EXPECT_EQ(*filter->Matches(kDocument), expected) << expression;
    const absl::StatusOr<Evaluation> found = filter->Evaluate(postings, postings.all());
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_TRUE(found->exact) << expression;
    EXPECT_EQ(found->rows.Contains(0), expected) << expression;
  }
}

TEST(FilterTest, MatchesRefusesWhatIsNoObject) {
  const Filter filter = *Filter::Parse("a = 1");
  EXPECT_FALSE(*filter.Matches(""));
  for (const char* text : {"[]", "1", "{", "{}}"}) {
    EXPECT_EQ(filter.Matches(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(FilterTest, RowsOutsideAllAreNeverFound) {
  MemoryPostings postings;
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(postings.Add(R"({"a":1})").ok());
  const Bitmap all = Bitmap::Of({2, 5});
  for (const char* expression :
       {"a = 1", "exists(a)", "a > 0", "a != 2", "a = 1 or a = 2", "not a = 1 or a = 1"}) {
    const absl::StatusOr<Evaluation> found = Filter::Parse(expression)->Evaluate(postings, all);
    ASSERT_TRUE(found.ok());
    EXPECT_THAT(found->rows.ToVector(), ElementsAre(2, 5)) << expression;
  }
}

TEST(FilterTest, LongStringsAreFoundAndToBeChecked) {
  const std::string start(kMaxListedString, 'x');
  MemoryPostings postings;
  for (const std::string& text : {start, start + "a", start + "b", std::string("y")}) {
    ASSERT_TRUE(postings.Add(absl::StrCat(R"({"t":")", text, R"("})")).ok());
  }
  const struct {
    std::string expression;
    std::vector<uint32_t> rows;
    bool exact;
  } cases[] = {
      {absl::StrCat("t = '", start, "'"), {0}, true},
      {absl::StrCat("t > '", start, "'"), {1, 2, 3}, true},
      {absl::StrCat("t <= '", start, "'"), {0}, true},
      {absl::StrCat("t prefix '", start, "'"), {0, 1, 2}, true},
      {absl::StrCat("t = '", start, "a'"), {1}, false},
      {absl::StrCat("t != '", start, "a'"), {0, 1, 2, 3}, false},
      {absl::StrCat("t = '", start, "c'"), {}, true},
      {absl::StrCat("t < '", start, "b'"), {0, 1, 2}, false},
      {absl::StrCat("not t < '", start, "b'"), {1, 2, 3}, false},
      {absl::StrCat("t >= '", start, "b'"), {1, 2, 3}, false},
      {absl::StrCat("t prefix '", start, "b'"), {1, 2}, false},
      {absl::StrCat("t in ('y', '", start, "b')"), {2, 3}, false},
      {absl::StrCat("t = 'y' and t >= '", start, "b'"), {3}, true},
      {absl::StrCat("t = 'y' or t >= '", start, "b'"), {1, 2, 3}, false},
  };
  for (const auto& [expression, rows, exact] : cases) {
    const absl::StatusOr<Evaluation> found =
        Filter::Parse(expression)->Evaluate(postings, postings.all());
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(found->rows.ToVector(), rows) << expression.substr(0, 12);
    EXPECT_EQ(found->exact, exact) << expression.substr(0, 12);
  }
}

TEST(FilterTest, AndReadsOneListBeforeRangesAndStopsWhenNothingIsLeft) {
  MemoryPostings postings;
  for (int i = 0; i < 5000; ++i) {
    ASSERT_TRUE(postings.Add(absl::StrCat(R"({"at":)", i, R"(,"id":"n)", i, R"("})")).ok());
  }
  const Filter nothing = *Filter::Parse("at >= 0 and id = 'unknown'");
  EXPECT_TRUE(nothing.Evaluate(postings, postings.all())->rows.empty());
  EXPECT_EQ(postings.keys_read(), 1);

  // One row is left: 5,000 lists are more work than to check it.
  const int64_t before = postings.keys_read();
  const absl::StatusOr<Evaluation> found =
      Filter::Parse("at >= 4000 and id = 'n7'")->Evaluate(postings, postings.all());
  EXPECT_THAT(found->rows.ToVector(), ElementsAre());
  EXPECT_TRUE(found->exact);
  const absl::StatusOr<Evaluation> unsure =
      Filter::Parse("at >= 0 and id = 'n4999'")->Evaluate(postings, postings.all());
  EXPECT_THAT(unsure->rows.ToVector(), ElementsAre(4999));
  EXPECT_FALSE(unsure->exact);
  EXPECT_LT(postings.keys_read() - before, 2200);
}

TEST(FilterTest, DamagedPostingsAreDataLossWithTheirKey) {
  MemoryPostings postings;
  ASSERT_TRUE(postings.Add(R"({"a":1})").ok());
  postings.Put(ValueKey({"a"}, FilterValue::Int(1)), "garbage");
  for (const char* expression : {"a = 1", "a > 0", "not a >= 1"}) {
    const absl::Status status =
        Filter::Parse(expression)->Evaluate(postings, postings.all()).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << expression;
    EXPECT_THAT(std::string(status.message()), HasSubstr("key \"a\\x00\\x01\\x03")) << expression;
  }
}

class FailingReader final : public PostingReader {
 public:
  absl::StatusOr<bool> Get(absl::string_view, std::string*) const override {
    return absl::UnavailableError("get");
  }
  absl::Status Visit(absl::string_view, absl::string_view,
                     absl::FunctionRef<bool(absl::string_view, absl::string_view)>) const override {
    return absl::UnavailableError("visit");
  }
};

TEST(FilterTest, ErrorsOfTheReaderPassThrough) {
  for (const char* expression : {"a = 1", "a > 0", "exists(a)", "a != 1", "a = 1 and b = 2",
                                 "a = 1 or b > 2", "a prefix ''"}) {
    EXPECT_EQ(
        Filter::Parse(expression)->Evaluate(FailingReader(), Bitmap::Range(0, 5)).status().code(),
        absl::StatusCode::kUnavailable)
        << expression;
  }
}

}  // namespace
}  // namespace senvec
