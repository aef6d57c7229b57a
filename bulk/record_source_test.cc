#include "bulk/record_source.h"

#include <gmock/gmock.h>

#include "base/check.h"
#include "base/file.h"
#include "dataio/vector_writer.h"
#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class RecordSourceTest : public testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& contents) {
    SENVEC_CHECK(WriteFileAtomically(folder_ / name, contents).ok());
    return folder_ / name;
  }
  std::string Vectors(int rows) {
    const auto writer = *VectorWriter::Create(folder_ / "v.npy", 2);
    for (int i = 0; i < rows; ++i) SENVEC_CHECK(writer->Append({.vector = std::vector<float>{static_cast<float>(i), 1}}).ok());
    SENVEC_CHECK(writer->Finish().ok());
    return folder_ / "v.npy";
  }
  static absl::StatusOr<std::vector<BulkRecord>> ReadAll(const RecordSourceOptions& options) {
    auto source = RecordSource::Open(options);
    if (!source.ok()) return source.status();
    std::vector<BulkRecord> records;
    while (true) {
      BulkRecord record;
      const auto more = (*source)->Next(record);
      if (!more.ok()) return more.status();
      if (!*more) return records;
      records.push_back(record);
    }
  }
  const TempDir folder_;
};

TEST_F(RecordSourceTest, VectorsAloneHaveRowNumbersOrIds) {
  const auto rows = ReadAll({.vectors = Vectors(3)}).value();
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[2].document.id, "2");
  EXPECT_EQ(rows[2].line, 2);
  EXPECT_THAT(rows[2].document.vector, ElementsAre(2, 1));
  const auto named = ReadAll({.vectors = Vectors(2), .ids = Write("ids.txt", "a\nb\n")}).value();
  EXPECT_EQ(named[1].document.id, "b");
}

// A bad line has a row as well, so that the others keep theirs.
TEST_F(RecordSourceTest, TheNthVectorIsTheNthDocuments) {
  const std::string docs = Write("d.jsonl", "{\"id\":\"a\",\"text\":\"x\"}\n\nbad\n{\"id\":\"c\",\"text\":\"z\"}\n");
  const auto rows = ReadAll({.input = docs, .vectors = Vectors(3)}).value();
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_THAT(rows[0].document.vector, ElementsAre(0, 1));
  EXPECT_THAT(rows[1].fault, HasSubstr("not valid JSON"));
  EXPECT_EQ(rows[1].line, 3);
  EXPECT_THAT(rows[2].document.vector, ElementsAre(2, 1));
  EXPECT_EQ(rows[2].document.text, "z");
}

TEST_F(RecordSourceTest, AsManyVectorsAsDocumentsAreWanted) {
  const std::string docs = Write("d.tsv", "a\tx\nb\ty\n");
  EXPECT_THAT(std::string(ReadAll({.input = docs, .vectors = Vectors(3)}).status().message()), HasSubstr("fewer documents than the 3 vectors"));
  EXPECT_THAT(std::string(ReadAll({.input = docs, .vectors = Vectors(1)}).status().message()), HasSubstr("more documents than the 1 vectors"));
  const std::string own = Write("o.jsonl", "{\"vector\":[1,2]}\n");
  EXPECT_THAT(ReadAll({.input = own, .vectors = Vectors(1)}).value()[0].fault, HasSubstr("of its own"));
}

TEST_F(RecordSourceTest, OptionsThatDoNotFitAreRefused) {
  EXPECT_THAT(std::string(RecordSourceOptions{}.Validate().message()), HasSubstr("--input"));
  EXPECT_THAT(std::string(RecordSourceOptions{.input = "a.txt", .ids = "b"}.Validate().message()), HasSubstr("--ids goes with --vectors"));
  EXPECT_FALSE((RecordSourceOptions{.input = "a.txt", .vectors = "v.npy", .ids = "b"}.Validate().ok()));
  EXPECT_THAT(std::string(RecordSourceOptions{.input = "-"}.Validate().message()), HasSubstr("--format"));
  EXPECT_TRUE((RecordSourceOptions{.input = "-", .format = CorpusFormat::kText}.Validate().ok()));
}

// The position after n records is the same for whoever read them, and another where anything before it differs.
TEST_F(RecordSourceTest, PositionsKnowWhatWasRead) {
  std::string lines;
  for (int i = 0; i < 2000; ++i) lines += "id" + std::to_string(i) + "\ttext\n";
  const RecordSourceOptions options = {.input = Write("a.tsv", lines), .vectors = Vectors(2000)};
  const auto first = *RecordSource::Open(options), second = *RecordSource::Open(options);
  BulkRecord record;
  for (int i = 0; i < 1500; ++i) {
    ASSERT_TRUE(first->Next(record).value());
    ASSERT_TRUE(second->Next(record).value());
    if (i % 100 == 0) first->position();
  }
  EXPECT_EQ(first->position(), second->position());
  EXPECT_EQ(first->position().records, 1500);
  EXPECT_NEAR(first->fraction(), 0.75, 0.01);
  std::string changed = lines;
  changed[10] = 'X';
  const auto third = *RecordSource::Open({.input = Write("b.tsv", changed), .vectors = options.vectors});
  for (int i = 0; i < 1500; ++i) ASSERT_TRUE(third->Next(record).value());
  EXPECT_NE(third->position().checksum, first->position().checksum);
  EXPECT_EQ(third->position().bytes, first->position().bytes);
}

}  // namespace
}  // namespace senvec
