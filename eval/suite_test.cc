#include "eval/suite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace senvec {
namespace {

using ::testing::HasSubstr;

std::string Fault(const std::string& text) {
  const auto suite = ParseSuite(text, "s.json");
  return suite.ok() ? "" : std::string(suite.status().message());
}

TEST(SuiteTest, ReadsEveryField) {
  const auto suite = ParseSuite(
      R"({"name":"n","description":"d","tasks":[
        {"name":"a","kind":"sts","dev":"x","test":"y","positive_from":2.5},
        {"name":"b","kind":"retrieval","test":"f","split":"dev","allow_absent":true,"query_prompt":"q","passage_prompt":""}]})",
      "s.json");
  ASSERT_TRUE(suite.ok()) << suite.status();
  EXPECT_EQ(suite->tasks[0].positive_from, 2.5);
  EXPECT_EQ(suite->tasks[0].query_prompt, "query");
  EXPECT_EQ(suite->tasks[1].kind, TaskConfig::Kind::kRetrieval);
  EXPECT_TRUE(suite->tasks[1].allow_absent);
  EXPECT_EQ(suite->tasks[1].passage_prompt, "");
  EXPECT_FALSE(suite->tasks[1].positive_from.has_value());
}

TEST(SuiteTest, RefusesWhatItDoesNotKnowAndNamesIt) {
  const auto with = [](const std::string& task) { return R"({"name":"n","tasks":[)" + task + "]}"; };
  EXPECT_THAT(Fault("{"), HasSubstr("s.json"));
  EXPECT_THAT(Fault("[]"), HasSubstr("expected a JSON object"));
  EXPECT_THAT(Fault(R"({"name":"n"})"), HasSubstr("\"tasks\" must be a list"));
  EXPECT_THAT(Fault(R"({"name":"n","tasks":[],"x":1})"), HasSubstr("unknown key \"x\""));
  EXPECT_THAT(Fault(with(R"({"name":"a","kind":"x","test":"t"})")), HasSubstr("task 0: kind \"x\""));
  EXPECT_THAT(Fault(with(R"({"name":"../a","kind":"sts","test":"t"})")), HasSubstr("must be of letters"));
  EXPECT_THAT(Fault(with(R"({"name":"a","kind":"sts"})")), HasSubstr("test"));
  EXPECT_THAT(Fault(with(R"({"name":"a","kind":"intents","test":"t"})")), HasSubstr("need \"dev\""));
  EXPECT_THAT(Fault(with(R"({"name":"a","kind":"sts","test":"t"},{"name":"a","kind":"sts","test":"u"})")),
              HasSubstr("two tasks \"a\""));
  EXPECT_THAT(Fault(with(R"({"name":"a","kind":"sts","test":"t","positive_from":"x"})")), HasSubstr("positive_from"));
}

TEST(SuiteTest, EverySuiteOfTheProjectIsGood) {
  int suites = 0;
  for (const auto& entry : std::filesystem::directory_iterator(SENVEC_SOURCE_DIR "/eval/suites")) {
    const auto suite = ReadSuite(entry.path().string());
    EXPECT_TRUE(suite.ok()) << suite.status();
    ++suites;
  }
  EXPECT_GE(suites, 4);
}

}  // namespace
}  // namespace senvec
