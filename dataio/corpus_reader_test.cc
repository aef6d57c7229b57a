#include "dataio/corpus_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/file.h"

namespace senvec {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<std::vector<CorpusRecord>> Read(const std::string& name, const std::string& contents) {
  const std::string path = JoinPath(::testing::TempDir(), name);
  EXPECT_TRUE(WriteFileAtomically(path, contents).ok());
  auto reader = CorpusReader::Open(path);
  if (!reader.ok()) return reader.status();
  std::vector<CorpusRecord> records;
  while (true) {
    CorpusRecord record;
    const auto more = (*reader)->Next(record);
    if (!more.ok()) return more.status();
    if (!*more) return records;
    records.push_back(record);
  }
}

TEST(CorpusReaderTest, TextLinesAreNumbered) {
  const auto records = Read("c.txt", "one\n\nthree\n").value();
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[0].id, "1");
  EXPECT_EQ(records[1].text, "");
  EXPECT_EQ(records[2].id, "3");
  EXPECT_EQ(records[2].text, "three");
}

TEST(CorpusReaderTest, TsvIsIdAndText) {
  const auto records = Read("c.tsv", "a\t一\nb\t\n").value();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].id, "a");
  EXPECT_EQ(records[0].text, "一");
  EXPECT_EQ(records[1].text, "");
}

TEST(CorpusReaderTest, JsonLinesTakeIdTextAndMetadata) {
  const auto records =
      Read("c.jsonl",
           "{\"id\":\"x\",\"text\":\"one\",\"metadata\":{\"lang\":\"en\"}}\n\n{\"text\":\"two\"}\n"
           "{\"id\":7,\"text\":\"three\",\"metadata\":null}\n")
          .value();
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[0].id, "x");
  EXPECT_EQ(records[0].metadata_json, "{\"lang\":\"en\"}");
  EXPECT_EQ(records[1].id, "3");
  EXPECT_EQ(records[1].metadata_json, "");
  EXPECT_EQ(records[2].id, "7");
}

struct Case {
  std::string name;
  std::string file;
  std::string contents;
  std::string message;
};

class BadCorpusTest : public ::testing::TestWithParam<Case> {};

TEST_P(BadCorpusTest, IsRefusedWithTheReason) {
  const auto records = Read(GetParam().file, GetParam().contents);
  ASSERT_EQ(records.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(records.status().message()), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadCorpusTest,
    ::testing::Values(
        Case{"Name", "c.csv", "", ".jsonl"}, Case{"NoTab", "c.tsv", "a\tb\nc\n", "line 2: expected id TAB"},
        Case{"TwoTabs", "c.tsv", "a\tb\tc\n", "exactly one tab"},
        Case{"EmptyTsvId", "c.tsv", "\tb\n", "the id before the tab is empty"},
        Case{"NotJson", "c.jsonl", "{\"text\":\"a\"}\n{\"text\":", "line 2: not valid JSON"},
        Case{"NotAnObject", "c.jsonl", "[1]\n", "expected a JSON object, got array"},
        Case{"UnknownKey", "c.jsonl", "{\"text\":\"a\",\"title\":\"t\"}\n", "unknown key \"title\""},
        Case{"NoText", "c.jsonl", "{\"id\":\"a\"}\n", "\"text\" is missing"},
        Case{"TextIsNumber", "c.jsonl", "{\"text\":1}\n", "\"text\" must be a string"},
        Case{"EmptyId", "c.jsonl", "{\"id\":\"\",\"text\":\"a\"}\n", "\"id\" must be"},
        Case{"FloatId", "c.jsonl", "{\"id\":1.5,\"text\":\"a\"}\n", "\"id\" must be"},
        Case{"MetadataIsList", "c.jsonl", "{\"text\":\"a\",\"metadata\":[]}\n", "must be an object"},
        Case{"InvalidUtf8", "c.jsonl", "{\"text\":\"\xFF\"}\n", "not valid JSON"}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace senvec
