#include "bulk/partial_folder.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "base/file.h"
#include "index/directory_lock.h"
#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> Names(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  return names;
}

TEST(PartialFolderTest, AppearsWhenItIsPublished) {
  const TempDir folder;
  const auto partial = *PartialFolder::For(folder / "new/index/");
  EXPECT_EQ(partial->name(), "index");
  ASSERT_TRUE(MakeDirectories(partial->path()).ok());
  ASSERT_TRUE(WriteFileAtomically(JoinPath(partial->path(), "f"), "x").ok());
  EXPECT_FALSE(fs::exists(folder / "new/index"));
  ASSERT_TRUE(partial->Publish().ok());
  EXPECT_EQ(*ReadFile(folder / "new/index/f"), "x");
  EXPECT_THAT(Names(folder / "new"), testing::ElementsAre("index"));
}

TEST(PartialFolderTest, StaysUnderItsHiddenNameToBeTakenUp) {
  const TempDir folder;
  ASSERT_TRUE(MakeDirectories((*PartialFolder::For(folder / "index"))->path()).ok());
  EXPECT_THAT(Names(folder.path()), testing::ElementsAre(".index.partial"));
  EXPECT_TRUE(DirectoryExists((*PartialFolder::For(folder / "index"))->path()));
}

TEST(PartialFolderTest, RefusesATakenNameAndTakesAnEmptyFolder) {
  const TempDir folder;
  ASSERT_TRUE(MakeDirectories(folder / "index").ok());
  const auto partial = *PartialFolder::For(folder / "index");
  ASSERT_TRUE(MakeDirectories(partial->path()).ok());
  EXPECT_TRUE(partial->Publish().ok());
  ASSERT_TRUE(WriteFileAtomically(folder / "index/f", "x").ok());
  EXPECT_EQ(PartialFolder::For(folder / "index").status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(PartialFolder::For(folder / "index/f").status().code(), absl::StatusCode::kAlreadyExists);
}

TEST(PartialFolderTest, RemovesWhatNobodyHolds) {
  const TempDir folder;
  const auto partial = *PartialFolder::For(folder / "index");
  EXPECT_TRUE(partial->Remove().ok());  // there is nothing yet
  ASSERT_TRUE(MakeDirectories(partial->path()).ok());
  {
    const auto held = *DirectoryLock::Acquire(partial->path());
    EXPECT_EQ(partial->Remove().code(), absl::StatusCode::kFailedPrecondition);
  }
  EXPECT_TRUE(partial->Remove().ok());
  EXPECT_THAT(Names(folder.path()), testing::IsEmpty());
}

}  // namespace
}  // namespace senvec
