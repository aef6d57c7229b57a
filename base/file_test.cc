#include "base/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/hash.h"
#include "base/mapped_file.h"
#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

TEST(FileTest, WriteAtomicallyThenReadGivesTheSameBytes) {
  const TempDir temp;
  const std::string path = temp / "file_test_bytes";
  const std::string contents("a\0b\xff\n", 5);
  ASSERT_TRUE(WriteFileAtomically(path, contents).ok());
  EXPECT_EQ(ReadFile(path).value(), contents);
  EXPECT_EQ((*MappedFile::Open(path))->bytes(), contents);
  EXPECT_FALSE(FileExists(path + ".tmp"));
}

TEST(FileTest, ErrorsNameThePath) {
  const TempDir temp;
  const std::string path = temp / "no/such/file";
  EXPECT_EQ(ReadFile(path).status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(ReadFile(path).status().message()), ::testing::HasSubstr(path));
  EXPECT_EQ(WriteFileAtomically(path, "x").code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(MappedFile::Open(temp.path()).ok()) << "a folder is not mappable";
}

TEST(FileTest, FailedWriteLeavesTheOldFile) {
  const TempDir temp;
  const std::string path = temp / "file_test_old";
  ASSERT_TRUE(WriteFileAtomically(path, "old").ok());
  ASSERT_TRUE(MakeDirectories(path + ".tmp").ok());  // The temporary name is taken by a folder.
  EXPECT_FALSE(WriteFileAtomically(path, "new").ok());
  EXPECT_EQ(ReadFile(path).value(), "old");
}

TEST(FileTest, EmptyFileMapsToEmptyBytes) {
  const TempDir temp;
  const std::string path = temp / "file_test_empty";
  ASSERT_TRUE(WriteFileAtomically(path, "").ok());
  EXPECT_TRUE((*MappedFile::Open(path))->bytes().empty());
}

TEST(HashTest, FingerprintDependsOnHowThePiecesAreCut) {
  Fingerprinter a, b;
  a.Add("ab");
  a.Add("c");
  b.Add("a");
  b.Add("bc");
  EXPECT_NE(a.Hex(), b.Hex());
  EXPECT_EQ(a.Hex().size(), 32u);
  // Value from the xxhash command line tool: printf '' | xxhsum -H3
  EXPECT_EQ(Checksum64(""), 0x2d06800538d394c2u);
}

}  // namespace
}  // namespace senvec
