#include "dataio/atomic_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/file.h"

namespace senvec {
namespace {

class AtomicFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = JoinPath(::testing::TempDir(),
                       ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
    ASSERT_TRUE(MakeDirectories(folder_).ok());
    path_ = JoinPath(folder_, "out");
  }

  int FilesInFolder() const {
    int n = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder_)) ++n;
    return n;
  }

  std::string folder_;
  std::string path_;
};

TEST_F(AtomicFileTest, AppearsOnlyAtCommit) {
  auto file = AtomicFile::Create(path_);
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_TRUE((*file)->Append("hello ").ok());
  EXPECT_FALSE(FileExists(path_));
  ASSERT_TRUE((*file)->Append("world").ok());
  ASSERT_TRUE((*file)->Overwrite(0, "J").ok());
  ASSERT_TRUE((*file)->Commit().ok());
  EXPECT_EQ(ReadFile(path_).value(), "Jello world");
  EXPECT_EQ(FilesInFolder(), 1);
}

TEST_F(AtomicFileTest, WithoutCommitTheOldFileStaysAndNothingElse) {
  ASSERT_TRUE(WriteFileAtomically(path_, "old").ok());
  {
    auto file = AtomicFile::Create(path_);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE((*file)->Append(std::string(3 << 20, 'x')).ok());
  }
  EXPECT_EQ(ReadFile(path_).value(), "old");
  EXPECT_EQ(FilesInFolder(), 1);
}

TEST_F(AtomicFileTest, ReplacesAnOldFile) {
  ASSERT_TRUE(WriteFileAtomically(path_, "old and longer").ok());
  auto file = AtomicFile::Create(path_);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE((*file)->Append("new").ok());
  ASSERT_TRUE((*file)->Commit().ok());
  EXPECT_EQ(ReadFile(path_).value(), "new");
}

TEST_F(AtomicFileTest, FollowsALink) {
  ASSERT_TRUE(WriteFileAtomically(path_, "old").ok());
  const std::string link = JoinPath(folder_, "link");
  std::filesystem::create_symlink(path_, link);
  auto file = AtomicFile::Create(link);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE((*file)->Append("new").ok());
  ASSERT_TRUE((*file)->Commit().ok());
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(ReadFile(path_).value(), "new");
}

TEST_F(AtomicFileTest, MissingFolderIsNamed) {
  const auto file = AtomicFile::Create(JoinPath(folder_, "no/such/out"));
  EXPECT_EQ(file.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(file.status().message()), ::testing::HasSubstr("no/such"));
}

TEST_F(AtomicFileTest, AFolderIsNotReplaced) {
  EXPECT_EQ(AtomicFile::Create(folder_).status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace senvec
