#include "dataio/corpus_reader.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "base/file.h"
#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<CorpusRecord> Read(CorpusFormat format, const std::string& contents) {
  const TempDir folder;
  EXPECT_TRUE(WriteFileAtomically(folder / "corpus", contents).ok());
  const auto reader = CorpusReader::Open(folder / "corpus", format);
  EXPECT_TRUE(reader.ok()) << reader.status();
  std::vector<CorpusRecord> records;
  CorpusRecord record;
  for (auto more = (*reader)->Next(record); more.value(); more = (*reader)->Next(record)) records.push_back(record);
  return records;
}

TEST(CorpusReaderTest, TextLinesAreNumbered) {
  const auto records = Read(CorpusFormat::kText, "one\n\nthree\n");
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[0].id, "1");
  EXPECT_EQ(records[1].text, "");
  EXPECT_EQ(records[2].id, "3");
  EXPECT_EQ(records[2].text, "three");
}

TEST(CorpusReaderTest, TsvIsIdAndTextAndPerhapsAGroup) {
  const auto records = Read(CorpusFormat::kTsv, "a\t一\nb\t\nc\tx\tg\n");
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[0].id, "a");
  EXPECT_EQ(records[0].text, "一");
  EXPECT_EQ(records[1].text, "");
  EXPECT_EQ(records[1].group, "");
  EXPECT_EQ(records[2].group, "g");
}

TEST(CorpusReaderTest, JsonLinesTakeEverythingADocumentHas) {
  const auto records =
      Read(CorpusFormat::kJsonl,
           "{\"id\":\"x\",\"text\":\"one\",\"metadata\":{\"lang\":\"en\"},\"group\":\"g\"}\n\n{\"text\":\"two\"}\n"
           "{\"id\":7,\"text\":\"three\",\"metadata\":null,\"vector\":[1,2.5]}\n{\"id\":\"v\",\"vector\":[3]}\n");
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(records[0].id, "x");
  EXPECT_EQ(records[0].metadata_json, "{\"lang\":\"en\"}");
  EXPECT_EQ(records[0].group, "g");
  EXPECT_EQ(records[1].id, "3");
  EXPECT_EQ(records[1].line, 3);
  EXPECT_EQ(records[2].id, "7");
  EXPECT_THAT(records[2].vector, ElementsAre(1, 2.5));
  EXPECT_EQ(records[3].text, "");
  for (const CorpusRecord& record : records) EXPECT_EQ(record.fault, "");
}

TEST(CorpusReaderTest, FaultsAreTheLinesOwnAndTheOthersAreRead) {
  const struct {
    CorpusFormat format;
    const char *line, *fault;
  } kCases[] = {{CorpusFormat::kTsv, "c", "has 0 tabs; expected id TAB text"},
                {CorpusFormat::kTsv, "a\tb\tc\td", "has 3 tabs"},
                {CorpusFormat::kTsv, "\tb", "the id before the tab is empty"},
                {CorpusFormat::kJsonl, "{\"text\":", "not valid JSON"},
                {CorpusFormat::kJsonl, "[1]", "expected a JSON object, got array"},
                {CorpusFormat::kJsonl, R"({"text":"a","title":"t"})", "unknown key \"title\""},
                {CorpusFormat::kJsonl, R"({"id":"a"})", "\"text\" is missing"},
                {CorpusFormat::kJsonl, R"({"text":1})", "\"text\" must be a string"},
                {CorpusFormat::kJsonl, R"({"text":"a","group":1})", "\"group\" must be a string"},
                {CorpusFormat::kJsonl, R"({"id":"","text":"a"})", "\"id\" must be"},
                {CorpusFormat::kJsonl, R"({"id":1.5,"text":"a"})", "\"id\" must be"},
                {CorpusFormat::kJsonl, R"({"text":"a","metadata":[]})", "must be an object"},
                {CorpusFormat::kJsonl, R"({"vector":[]})", "must be a list of numbers"},
                {CorpusFormat::kJsonl, R"({"vector":[1,"a"]})", "\"vector\" value 1 is \"a\""},
                {CorpusFormat::kJsonl, R"({"vector":[1e60]})", "\"vector\" value 0 is"},
                {CorpusFormat::kJsonl, "{\"text\":\"\xFF\"}", "not valid JSON"}};
  for (const auto& c : kCases) {
    const std::string good = c.format == CorpusFormat::kTsv ? "good\tone\n" : "{\"id\":\"good\",\"text\":\"one\"}\n";
    const auto records = Read(c.format, std::string(c.line) + "\n" + good);
    ASSERT_EQ(records.size(), 2u) << c.line;
    EXPECT_THAT(records[0].fault, HasSubstr(c.fault)) << c.line;
    EXPECT_EQ(records[0].line, 1);
    EXPECT_EQ(records[1].fault, "");
    EXPECT_EQ(records[1].id, "good");
  }
}

TEST(CorpusReaderTest, TheFormIsInTheNameUnlessItIsGiven) {
  EXPECT_EQ(CorpusFormatOf("a/b.tsv").value(), CorpusFormat::kTsv);
  EXPECT_EQ(CorpusFormatOf("b.jsonl.gz").value(), CorpusFormat::kJsonl);
  EXPECT_EQ(CorpusFormatOf("b.txt").value(), CorpusFormat::kText);
  EXPECT_THAT(std::string(CorpusFormatOf("b.csv").status().message()), HasSubstr(".jsonl"));
  EXPECT_THAT(std::string(CorpusFormatOf("-").status().message()), HasSubstr("standard input"));
  EXPECT_EQ(ParseCorpusFormat("tsv").value(), CorpusFormat::kTsv);
  EXPECT_THAT(std::string(ParseCorpusFormat("csv").status().message()), HasSubstr("txt, tsv or jsonl"));
}

}  // namespace
}  // namespace senvec
