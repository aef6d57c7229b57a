#include "cli/partial_folder.h"

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
  auto partial = *PartialFolder::Create(folder / "new/index/");
  ASSERT_TRUE(MakeDirectories(partial->path()).ok());
  ASSERT_TRUE(WriteFileAtomically(JoinPath(partial->path(), "f"), "x").ok());
  EXPECT_FALSE(fs::exists(folder / "new/index"));
  ASSERT_TRUE(partial->Publish().ok());
  partial.reset();
  EXPECT_EQ(*ReadFile(folder / "new/index/f"), "x");
  EXPECT_THAT(Names(folder / "new"), testing::ElementsAre("index"));
}

TEST(PartialFolderTest, LeavesNothingWithoutPublishing) {
  const TempDir folder;
  auto partial = *PartialFolder::Create(folder / "index");
  ASSERT_TRUE(MakeDirectories(partial->path()).ok());
  partial.reset();
  EXPECT_THAT(Names(folder.path()), testing::IsEmpty());
}

TEST(PartialFolderTest, RefusesATakenNameAndTakesAnEmptyFolder) {
  const TempDir folder;
  ASSERT_TRUE(MakeDirectories(folder / "index").ok());
  auto partial = *PartialFolder::Create(folder / "index");
  ASSERT_TRUE(MakeDirectories(partial->path()).ok());
  EXPECT_TRUE(partial->Publish().ok());
  ASSERT_TRUE(WriteFileAtomically(folder / "index/f", "x").ok());
  EXPECT_EQ(PartialFolder::Create(folder / "index").status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(PartialFolder::Create(folder / "index/f").status().code(), absl::StatusCode::kAlreadyExists);
}

TEST(PartialFolderTest, RemovesWhatAKilledProcessLeftButNotWhatIsBeingWritten) {
  const TempDir folder;
  ASSERT_TRUE(MakeDirectories(folder / ".index.partial-1").ok());
  ASSERT_TRUE(MakeDirectories(folder / ".index.partial-2").ok());
  ASSERT_TRUE(MakeDirectories(folder / ".other.partial-1").ok());
  const auto held = *DirectoryLock::Acquire(folder / ".index.partial-2");
  ASSERT_TRUE(PartialFolder::Create(folder / "index").ok());
  EXPECT_THAT(Names(folder.path()), testing::UnorderedElementsAre(".index.partial-2", ".other.partial-1"));
}

}  // namespace
}  // namespace senvec
