#include "train/teacher_cache.h"

#include <gmock/gmock.h>

#include "base/file.h"
#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

using testing::HasSubstr;

TEST(TeacherCacheTest, GivesBackWhatItWasGiven) {
  TempDir dir;
  auto cache = *TeacherCache::Open(dir / "cache", 3);
  EXPECT_EQ(cache.num_pieces(), 0);
  ASSERT_TRUE(cache.Append({7, 8}, {1, 2, 3, 4, 5, 6}).ok());
  ASSERT_TRUE(cache.Append({9}, {7, 8, 9}).ok());
  const auto again = *TeacherCache::Open(dir / "cache", 3);
  ASSERT_EQ(again.num_pieces(), 2);
  const auto piece = again.Read(0);
  ASSERT_TRUE(piece.ok()) << piece.status();
  EXPECT_THAT(piece->keys, testing::ElementsAre(7, 8));
  EXPECT_THAT(piece->rows, testing::ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(TeacherCacheTest, APieceWithoutItsKeysDoesNotCount) {
  TempDir dir;
  auto cache = *TeacherCache::Open(dir / "cache", 1);
  ASSERT_TRUE(WriteFileAtomically(dir / "cache/0.npy", "half written").ok());
  EXPECT_EQ(TeacherCache::Open(dir / "cache", 1)->num_pieces(), 0);
  ASSERT_TRUE(cache.Append({7}, {1}).ok());
  EXPECT_TRUE(TeacherCache::Open(dir / "cache", 1)->Read(0).ok());
}

TEST(TeacherCacheTest, ADamagedPieceIsNamed) {
  TempDir dir;
  auto cache = *TeacherCache::Open(dir / "cache", 2);
  ASSERT_TRUE(cache.Append({7}, {1, 2}).ok());
  const std::string rows = *ReadFile(dir / "cache/0.npy");
  ASSERT_TRUE(WriteFileAtomically(dir / "cache/0.npy", rows.substr(0, rows.size() - 1)).ok());
  const auto piece = cache.Read(0);
  EXPECT_EQ(piece.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(piece.status().message(), HasSubstr("0.npy"));
  EXPECT_FALSE(TeacherCache::Open(dir / "cache", 3)->Read(0).ok());
}

}  // namespace
}  // namespace senvec
