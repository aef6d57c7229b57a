// Random expressions over random documents: the inverted lists, the check of one document, and a
// third evaluation written here for comparison must agree.
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/json.h"
#include "index/filter/filter.h"
#include "tests/support/memory_postings.h"

namespace senvec {
namespace {

using Json = nlohmann::json;
using Random = std::mt19937_64;

// An expression that knows what it should find.
struct Expected {
  std::string text;
  std::function<bool(const Json&)> holds;
};

template <typename T>
const T& OneOf(Random& random, const std::vector<T>& from) {
  return from[random() % from.size()];
}

const std::vector<Json>& Values() {
  static const std::string start(512, 'x');
  static const std::vector<Json> values = {0,
                                           1,
                                           2,
                                           -1,
                                           0.5,
                                           1.0,
                                           -0.0,
                                           1.5,
                                           -1e300,
                                           1e300,
                                           5e-324,
                                           int64_t{9007199254740992},
                                           int64_t{9007199254740993},
                                           9007199254740992.0,
                                           std::numeric_limits<int64_t>::min(),
                                           std::numeric_limits<int64_t>::max(),
                                           ~uint64_t{0},
                                           ~uint64_t{0} - 1,
                                           18446744073709551616.0,
                                           true,
                                           false,
                                           "",
                                           "a",
                                           "ab",
                                           "b",
                                           "1",
                                           "true",
                                           "中",
                                           "中文",
                                           "é",
                                           "e\u0301",
                                           "😀",
                                           std::string("\0", 1),
                                           std::string("a\0b", 3),
                                           start,
                                           start + "a",
                                           start + "b",
                                           start + "ab",
                                           start + "中",
                                           start.substr(1) + "y",
                                           start.substr(0, 511),
                                           start.substr(0, 511) + "中"};
  return values;
}

const std::vector<std::vector<std::string>>& Paths() {
  static const std::vector<std::vector<std::string>> paths = {
      {"a"},   {"b"}, {"c"},  {"a", "b"}, {"a", "b", "c"},         {"b", "a"},
      {"a.b"}, {""},  {"中"}, {"in"},     {std::string("a\0b", 3)}};
  return paths;
}

Json RandomJson(Random& random, int depth) {
  const uint64_t kind = random() % 10;
  if (kind == 0) return nullptr;
  if (depth < 4 && kind <= 2) {
    Json array = Json::array();
    for (uint64_t i = random() % 4; i > 0; --i) array.push_back(RandomJson(random, depth + 1));
    return array;
  }
  if (depth < 4 && kind <= 4) {
    Json object = Json::object();
    for (uint64_t i = random() % 3; i > 0; --i)
      object[OneOf(random, Paths()).back()] = RandomJson(random, depth + 1);
    return object;
  }
  return OneOf(random, Values());
}

Json RandomDocument(Random& random) {
  Json document = Json::object();
  for (uint64_t i = random() % 6; i > 0; --i)
    document[OneOf(random, Paths())[0]] = RandomJson(random, 1);
  return document;
}

// All values of a field, by laying the document open.
void Collect(const Json& json, const std::vector<std::string>& at,
             const std::vector<std::string>& path, bool also_below, std::vector<Json>& values) {
  if (json.is_array()) {
    for (const Json& element : json) Collect(element, at, path, also_below, values);
  } else if (json.is_object()) {
    for (const auto& [name, member] : json.items()) {
      std::vector<std::string> inner = at;
      inner.push_back(name);
      Collect(member, inner, path, also_below, values);
    }
  } else if (!json.is_null()) {
    const bool below = at.size() > path.size() && std::equal(path.begin(), path.end(), at.begin());
    if (at == path || (also_below && below)) values.push_back(json);
  }
}

std::vector<Json> ValuesOf(const Json& document, const std::vector<std::string>& path,
                           bool also_below = false) {
  std::vector<Json> values;
  Collect(document, {}, path, also_below, values);
  return values;
}

// -1, 0, 1; nullopt for different types. Long doubles hold every number exactly.
long double Exact(const Json& number) {
  if (number.is_number_float()) return number.get<double>();
  if (number.is_number_unsigned()) return number.get<uint64_t>();
  return number.get<int64_t>();
}

std::optional<int> Compare(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number()) return (Exact(a) > Exact(b)) - (Exact(a) < Exact(b));
  if (a.is_string() && b.is_string()) {
    const int order = a.get<std::string>().compare(b.get<std::string>());
    return (order > 0) - (order < 0);
  }
  if (a.is_boolean() && b.is_boolean()) return int{a.get<bool>()} - int{b.get<bool>()};
  return std::nullopt;
}

std::string Written(const std::vector<std::string>& path) {
  std::string text;
  for (const std::string& name : path)
    absl::StrAppend(&text, text.empty() ? "" : ".", DumpJson(name));
  return text;
}

Expected AnyValue(const std::vector<std::string>& path, std::string text,
                  std::function<bool(const Json&)> holds) {
  return {std::move(text), [path, holds](const Json& document) {
            for (const Json& value : ValuesOf(document, path)) {
              if (holds(value)) return true;
            }
            return false;
          }};
}

Expected Not(const Expected& inner, std::string text) {
  return {std::move(text),
          [holds = inner.holds](const Json& document) { return !holds(document); }};
}

Expected RandomComparison(Random& random, const std::vector<std::string>& path) {
  const Json value = OneOf(random, Values());
  const auto make = [&](const char* sign, std::function<bool(int)> accept) {
    return AnyValue(path, absl::StrCat(Written(path), sign, DumpJson(value)),
                    [value, accept](const Json& other) {
                      const std::optional<int> order = Compare(other, value);
                      return order.has_value() && accept(*order);
                    });
  };
  switch (random() % (value.is_boolean() ? 2 : 6)) {
    case 0: return make("=", [](int order) { return order == 0; });
    case 1: {
      const Expected equal = make("≠", [](int order) { return order == 0; });
      return Not(equal, equal.text);
    }
    case 2: return make("<", [](int order) { return order < 0; });
    case 3: return make("<=", [](int order) { return order <= 0; });
    case 4: return make(">", [](int order) { return order > 0; });
    default: return make("≥", [](int order) { return order >= 0; });
  }
}

Expected RandomCondition(Random& random) {
  const std::vector<std::string>& path = OneOf(random, Paths());
  const bool negated = random() % 2 == 0;
  const std::string field = Written(path);
  switch (random() % 6) {
    case 0: {
      const Expected exists = {
          absl::StrCat(negated ? "not " : "", "exists(", field, ")"),
          [path](const Json& document) { return !ValuesOf(document, path, true).empty(); }};
      return negated ? Not(exists, exists.text) : exists;
    }
    case 1: {
      std::string prefix;
      while (prefix.empty()) {
        const Json& value = OneOf(random, Values());
        if (value.is_string()) prefix = value.get<std::string>();
      }
      const Expected starts = AnyValue(
          path, absl::StrCat(field, negated ? " not prefix " : " prefix ", DumpJson(prefix)),
          [prefix](const Json& value) {
            return value.is_string() && value.get<std::string>().rfind(prefix, 0) == 0;
          });
      return negated ? Not(starts, starts.text) : starts;
    }
    case 2: {
      std::vector<Json> values;
      std::string list;
      for (uint64_t i = 1 + random() % 4; i > 0; --i) {
        values.push_back(OneOf(random, Values()));
        absl::StrAppend(&list, list.empty() ? "" : ", ", DumpJson(values.back()));
      }
      const Expected in =
          AnyValue(path, absl::StrCat(field, negated ? " not in (" : " in (", list, ")"),
                   [values](const Json& value) {
                     for (const Json& one : values) {
                       if (Compare(value, one) == 0) return true;
                     }
                     return false;
                   });
      return negated ? Not(in, in.text) : in;
    }
    default: return RandomComparison(random, path);
  }
}

Expected RandomExpression(Random& random, int depth) {
  const uint64_t kind = depth < 4 ? random() % 7 : 6;
  if (kind <= 3) {
    const bool conjunction = kind <= 1;
    std::vector<Expected> parts;
    std::string text;
    for (uint64_t i = 2 + random() % 3; i > 0; --i) {
      parts.push_back(RandomExpression(random, depth + 1));
      absl::StrAppend(&text,
                      text.empty()  ? "("
                      : conjunction ? ") and ("
                                    : ") or (",
                      parts.back().text);
    }
    return {absl::StrCat(text, ")"), [parts, conjunction](const Json& document) {
              for (const Expected& part : parts) {
                if (part.holds(document) != conjunction) return !conjunction;
              }
              return conjunction;
            }};
  }
  if (kind == 4) {
    const Expected inner = RandomExpression(random, depth + 1);
    return Not(inner, absl::StrCat("not (", inner.text, ")"));
  }
  return RandomCondition(random);
}

struct Corpus {
  explicit Corpus(Random& random, int size) {
    for (int i = 0; i < size; ++i) {
      documents.push_back(RandomDocument(random));
      texts.push_back(DumpJson(documents.back()));
      EXPECT_TRUE(postings.Add(texts.back()).ok()) << texts.back();
    }
  }
  std::vector<Json> documents;
  std::vector<std::string> texts;
  MemoryPostings postings;
};

TEST(FilterPropertyTest, ListsAndDocumentsAndAnIndependentEvaluationAgree) {
  Random random(5);
  int64_t exact = 0;
  int64_t inexact = 0;
  int64_t found_rows = 0;
  for (int corpus_number = 0; corpus_number < 15; ++corpus_number) {
    Corpus corpus(random, 80);
    for (int round = 0; round < 400; ++round) {
      const Expected expected = RandomExpression(random, 0);
      const absl::StatusOr<Filter> filter = Filter::Parse(expected.text);
      ASSERT_TRUE(filter.ok()) << filter.status() << "\n" << expected.text;
      const absl::StatusOr<Filter> again = Filter::Parse(filter->ToString());
      ASSERT_TRUE(again.ok()) << again.status() << "\n" << filter->ToString();
      ASSERT_TRUE(*filter == *again) << expected.text;
      ASSERT_EQ(filter->ToString(), again->ToString());

      const absl::StatusOr<Evaluation> evaluation =
          filter->Evaluate(corpus.postings, corpus.postings.all());
      ASSERT_TRUE(evaluation.ok()) << evaluation.status();
      ++(evaluation->exact ? exact : inexact);
      for (uint32_t row = 0; row < corpus.documents.size(); ++row) {
        const bool holds = expected.holds(corpus.documents[row]);
        ASSERT_EQ(*filter->Matches(corpus.texts[row]), holds) << expected.text << "\n"
                                                              << corpus.texts[row];
        const bool listed = evaluation->rows.Contains(row);
        ASSERT_TRUE(evaluation->exact ? listed == holds : listed || !holds) << expected.text << "\n"
                                                                            << corpus.texts[row];
        found_rows += holds;
      }
    }
  }
  // Each way must have been walked.
  EXPECT_GT(exact, 1000);
  EXPECT_GT(inexact, 150);
  EXPECT_GT(found_rows, 50000);
}

TEST(FilterPropertyTest, GivingUpOnLongRangesLosesNoRow) {
  Random random(6);
  MemoryPostings postings;
  std::vector<std::string> texts;
  for (int i = 0; i < 4000; ++i) {
    texts.push_back(absl::StrCat(R"({"n":)", random() % 100000, R"(,"m":)", random() % 100000,
                                 R"(,"g":)", random() % 700, "}"));
    ASSERT_TRUE(postings.Add(texts.back()).ok());
  }
  int inexact = 0;
  for (int round = 0; round < 150; ++round) {
    const auto range = [&](const char* field) {
      return absl::StrCat(random() % 3 == 0 ? "not " : "", field,
                          random() % 2 == 0 ? " < " : " >= ", random() % 100000);
    };
    const std::string text = absl::StrCat(
        "g = ", random() % 700, " and (", range("n"), random() % 2 == 0 ? " and " : " or ",
        range("m"), ") and ", random() % 2 == 0 ? "not (" : "(", range("n"), ")");
    const absl::StatusOr<Filter> filter = Filter::Parse(text);
    ASSERT_TRUE(filter.ok()) << filter.status();
    const absl::StatusOr<Evaluation> found = filter->Evaluate(postings, postings.all());
    ASSERT_TRUE(found.ok());
    inexact += !found->exact;
    for (uint32_t row = 0; row < texts.size(); ++row) {
      const bool holds = *filter->Matches(texts[row]);
      const bool listed = found->rows.Contains(row);
      ASSERT_TRUE(found->exact ? listed == holds : listed || !holds) << text << "\n" << texts[row];
    }
  }
  EXPECT_GT(inexact, 20);
}

}  // namespace
}  // namespace senvec
