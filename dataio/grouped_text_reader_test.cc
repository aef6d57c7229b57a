#include "dataio/grouped_text_reader.h"

#include <gmock/gmock.h>

#include "base/file.h"
#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

using testing::HasSubstr;

class GroupedTextReaderTest : public testing::Test {
 protected:
  std::string Put(const std::string& name, const std::string& contents) {
    EXPECT_TRUE(WriteFileAtomically(folder_ / name, contents).ok());
    return folder_ / name;
  }
  std::string TextFault(const std::string& name, const std::string& contents) {
    return std::string(ReadGroupedTexts(Put(name, contents)).status().message());
  }
  std::string DocumentFault(const std::string& name, const std::string& contents) {
    return std::string(ReadGroupedDocuments(Put(name, contents)).status().message());
  }

  const TempDir folder_;
};

TEST_F(GroupedTextReaderTest, ReadsTextsAndTheirGroups) {
  const auto texts = ReadGroupedTexts(Put("q.tsv", "how much\tprice\r\n\n多少钱\tprice\nwho are you\tnone"));
  ASSERT_TRUE(texts.ok()) << texts.status();
  ASSERT_EQ(texts->size(), 3u);
  EXPECT_EQ((*texts)[1].text, "多少钱");
  EXPECT_EQ((*texts)[1].group, "price");
  EXPECT_EQ((*texts)[1].line, 3);
  const auto objects = ReadGroupedTexts(Put("q.jsonl", "{\"text\":\"a\",\"label\":7}\n{\"text\":\"b\",\"group\":\"x\"}\n"));
  ASSERT_TRUE(objects.ok()) << objects.status();
  EXPECT_EQ((*objects)[0].group, "7");
  EXPECT_EQ((*objects)[1].group, "x");
}

TEST_F(GroupedTextReaderTest, ReadsDocumentsWithAndWithoutAGroup) {
  const auto documents = ReadGroupedDocuments(Put("d.tsv", "1\ta\tg\n2\tb\n3\tc\t\n"));
  ASSERT_TRUE(documents.ok()) << documents.status();
  EXPECT_EQ((*documents)[0].group, "g");
  EXPECT_EQ((*documents)[1].group, "");
  EXPECT_EQ((*documents)[2].id, "3");
  const auto objects = ReadGroupedDocuments(
      Put("d.jsonl", "{\"id\":1,\"text\":\"a\",\"group\":\"g\",\"metadata\":{}}\n{\"id\":\"2\",\"text\":\"b\"}\n"));
  ASSERT_TRUE(objects.ok()) << objects.status();
  EXPECT_EQ((*objects)[0].id, "1");
  EXPECT_EQ((*objects)[0].group, "g");
  EXPECT_EQ((*objects)[1].group, "");
}

TEST_F(GroupedTextReaderTest, NamesFileLineAndFaultOfTexts) {
  EXPECT_THAT(TextFault("q.tsv", "a\tx\nb\n"), HasSubstr("q.tsv: line 2: expected text TAB group, got 1 field"));
  EXPECT_THAT(TextFault("q.tsv", "a\tb\tc\n"), HasSubstr("line 1: expected text TAB group, got 3 fields"));
  EXPECT_THAT(TextFault("q.tsv", "a\tx\n\nb\t\n"), HasSubstr("line 3: the group is empty"));
  EXPECT_THAT(TextFault("q.tsv", ""), HasSubstr("q.tsv: there is no text in it"));
  EXPECT_THAT(TextFault("q.tsv", "\n \n"), HasSubstr("there is no text in it"));
  EXPECT_THAT(TextFault("q.jsonl", "{\"text\":\"a\"}"), HasSubstr("line 1: the group is empty"));
  EXPECT_THAT(TextFault("q.jsonl", "{\"label\":\"a\"}"), HasSubstr("\"text\" is missing"));
  EXPECT_THAT(TextFault("q.jsonl", "[1]"), HasSubstr("expected a JSON object, got array"));
  EXPECT_THAT(TextFault("q.jsonl", "{\"text\":\"a\",\"label\":1.5}"), HasSubstr("\"label\" must be a string"));
  EXPECT_THAT(TextFault("q.jsonl", "{\"text\":\"a\",\"label\":\"x\",\"group\":\"y\"}"), HasSubstr("both"));
  EXPECT_THAT(TextFault("q.jsonl", "{\"text\":\"a\",\"id\":\"x\"}"), HasSubstr("unknown key \"id\""));
  EXPECT_EQ(ReadGroupedTexts(folder_ / "absent").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(GroupedTextReaderTest, NamesFileLineAndFaultOfDocuments) {
  EXPECT_THAT(DocumentFault("d.tsv", "1\ta\n\n1\tb\n"), HasSubstr("d.tsv: line 3: id \"1\" is that of line 1 already"));
  EXPECT_THAT(DocumentFault("d.tsv", "\ta\n"), HasSubstr("line 1: the id is empty"));
  EXPECT_THAT(DocumentFault("d.tsv", "1\ta\tb\tc\n"), HasSubstr("got 4 fields"));
  EXPECT_THAT(DocumentFault("d.jsonl", "{\"text\":\"a\"}"), HasSubstr("the id is empty"));
}

}  // namespace
}  // namespace senvec
