#include "base/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/hash.h"
#include "base/mapped_file.h"

namespace senvec {
namespace {

std::string TempPath(const std::string& name) { return JoinPath(::testing::TempDir(), name); }

TEST(FileTest, WriteAtomicallyThenReadGivesTheSameBytes) {
  const std::string path = TempPath("file_test_bytes");
  const std::string contents("a\0b\xff\n", 5);
  ASSERT_TRUE(WriteFileAtomically(path, contents).ok());
  EXPECT_EQ(ReadFile(path).value(), contents);
  EXPECT_EQ((*MappedFile::Open(path))->bytes(), contents);
  EXPECT_FALSE(FileExists(path + ".tmp"));
}

TEST(FileTest, ErrorsNameThePath) {
  const std::string path = TempPath("no/such/file");
  EXPECT_EQ(ReadFile(path).status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(ReadFile(path).status().message()), ::testing::HasSubstr(path));
  EXPECT_EQ(WriteFileAtomically(path, "x").code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(MappedFile::Open(::testing::TempDir()).ok()) << "a folder is not mappable";
}

TEST(FileTest, FailedWriteLeavesTheOldFile) {
  const std::string path = TempPath("file_test_old");
  ASSERT_TRUE(WriteFileAtomically(path, "old").ok());
  std::filesystem::remove_all(path + ".tmp");
  ASSERT_TRUE(MakeDirectories(path + ".tmp").ok());  // The temporary name is taken by a folder.
  EXPECT_FALSE(WriteFileAtomically(path, "new").ok());
  EXPECT_EQ(ReadFile(path).value(), "old");
}

TEST(FileTest, EmptyFileMapsToEmptyBytes) {
  const std::string path = TempPath("file_test_empty");
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
