#include "dataio/line_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/file.h"

namespace senvec {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string WriteTemp(const std::string& name, const std::string& contents) {
  const std::string path = JoinPath(::testing::TempDir(), name);
  EXPECT_TRUE(WriteFileAtomically(path, contents).ok());
  return path;
}

std::vector<std::string> Lines(const std::string& contents) {
  const std::string path = WriteTemp("line_reader_test.txt", contents);
  auto reader = LineReader::Open(path);
  EXPECT_TRUE(reader.ok()) << reader.status();
  std::vector<std::string> lines;
  std::string line;
  while ((*reader)->Next(line).value()) lines.push_back(line);
  EXPECT_EQ(CountLines(path).value(), static_cast<int64_t>(lines.size()));
  return lines;
}

TEST(LineReaderTest, FinalNewlineIsOptional) {
  EXPECT_THAT(Lines("a\nb\n"), ElementsAre("a", "b"));
  EXPECT_THAT(Lines("a\nb"), ElementsAre("a", "b"));
}

TEST(LineReaderTest, EmptyLineIsALine) {
  EXPECT_THAT(Lines("\n"), ElementsAre(""));
  EXPECT_THAT(Lines("\na\n\nb\n\n"), ElementsAre("", "a", "", "b", ""));
}

TEST(LineReaderTest, EmptyFileHasNoLine) { EXPECT_THAT(Lines(""), IsEmpty()); }

TEST(LineReaderTest, DropsOneCarriageReturnBeforeNewline) {
  EXPECT_THAT(Lines("a\r\nb\r\r\n\r\nc\rd\ne\r"), ElementsAre("a", "b\r", "", "c\rd", "e\r"));
}

TEST(LineReaderTest, DropsByteOrderMarkOnlyAtTheStart) {
  EXPECT_THAT(Lines("\xEF\xBB\xBF" "a\n\xEF\xBB\xBF" "b\n"), ElementsAre("a", "\xEF\xBB\xBF" "b"));
  EXPECT_THAT(Lines("\xEF\xBB\xBF\na"), ElementsAre("", "a"));
}

TEST(LineReaderTest, PassesOnInvalidUtf8AndNul) {
  const std::string text("\xFF\x00\xC3", 3);
  EXPECT_THAT(Lines(text + "\n"), ElementsAre(text));
}

TEST(LineReaderTest, ReadsLinesLongerThanItsBuffer) {
  const std::string a(200000, 'a'), b(65536, 'b'), c(65535, 'c');
  EXPECT_THAT(Lines(a + "\n" + b + "\n" + c + "\n"), ElementsAre(a, b, c));
}

TEST(LineReaderTest, NamesTheLineThatIsTooLongAndGoesOnAfterIt) {
  const std::string path =
      WriteTemp("too_long.txt", "short\n" + std::string(LineReader::kMaxLineBytes + 1, 'x') + "\nafter\n");
  auto reader = LineReader::Open(path);
  ASSERT_TRUE(reader.ok());
  std::string line;
  ASSERT_TRUE((*reader)->Next(line).value());
  const auto next = (*reader)->Next(line);
  ASSERT_EQ(next.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(next.status().message()), HasSubstr("line 2 is longer than"));
  ASSERT_TRUE((*reader)->Next(line).value());
  EXPECT_EQ(line, "after");
  EXPECT_EQ((*reader)->line_number(), 3);
  EXPECT_FALSE((*reader)->Next(line).value());
  EXPECT_EQ((*reader)->position().bytes, LineReader::kMaxLineBytes + 1 + 6 + 1 + 6);
  std::filesystem::remove(path);
}

TEST(LineReaderTest, MissingFileIsNotFoundAndNamed) {
  const auto reader = LineReader::Open("/no/such/file");
  EXPECT_EQ(reader.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(reader.status().message()), HasSubstr("/no/such/file"));
}

TEST(LineReaderTest, FolderIsAnError) { EXPECT_FALSE(LineReader::Open(::testing::TempDir()).ok()); }

// The same whether lines are counted off one by one or the buffer is read at once, so that a place can be found again.
TEST(LineReaderTest, PositionsAreThoseOfTheBytesThatLinesTook) {
  std::string contents;
  for (int i = 0; i < 30000; ++i) contents += std::string(i % 7, 'x') + (i % 3 == 0 ? "\r\n" : "\n");
  const std::string path = WriteTemp("positions.txt", contents);
  const auto often = *LineReader::Open(path), once = *LineReader::Open(path);
  std::string line;
  int64_t bytes = 0;
  for (int i = 0; i < 20000; ++i) {
    ASSERT_TRUE(often->Next(line).value());
    bytes += i % 7 + (i % 3 == 0 ? 2 : 1);
    ASSERT_EQ(often->position().bytes, bytes);
    ASSERT_TRUE(once->Next(line).value());
  }
  const InputPosition position = often->position();
  EXPECT_EQ(position.lines, 20000);
  EXPECT_EQ(position.checksum, once->position().checksum);
  Fingerprinter hash;
  hash.Append(absl::string_view(contents).substr(0, static_cast<size_t>(bytes)));
  EXPECT_EQ(position.checksum, hash.Hex());
}

}  // namespace
}  // namespace senvec
