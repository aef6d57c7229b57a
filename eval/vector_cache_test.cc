#include "eval/vector_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/file.h"
#include "eval/vector_segment.h"
#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class VectorCacheTest : public ::testing::Test {
 protected:
  std::unique_ptr<VectorCache> Open(const VectorKey& key) {
    auto cache = VectorCache::Open(folder_.path(), key);
    EXPECT_TRUE(cache.ok()) << cache.status();
    return std::move(cache).value();
  }
  std::string OnlyFile() const {
    std::string found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path())) {
      if (entry.is_regular_file()) found = entry.path().string();
    }
    return found;
  }

  const TempDir folder_;
  const VectorKey key_ = {.model_fingerprint = "m", .precision = "fp32", .dim = 2};
  std::vector<float> row_ = {0, 0};
};

TEST_F(VectorCacheTest, GivesBackWhatAnEarlierRunPutIn) {
  ASSERT_TRUE(Open(key_)->Add({"a", ""}, {1, 2, 3, 4}).ok());
  ASSERT_TRUE(Open(key_)->Add({"b"}, {5, 6}).ok());
  const auto cache = Open(key_);
  EXPECT_EQ(cache->size(), 3);
  ASSERT_TRUE(cache->Find("a", absl::MakeSpan(row_)));
  EXPECT_THAT(row_, ElementsAre(1, 2));
  ASSERT_TRUE(cache->Find("", absl::MakeSpan(row_)));
  EXPECT_THAT(row_, ElementsAre(3, 4));
  ASSERT_TRUE(cache->Find("b", absl::MakeSpan(row_)));
  EXPECT_FALSE(cache->Find("c", absl::MakeSpan(row_)));
}

TEST_F(VectorCacheTest, EveryPartOfTheKeyCounts) {
  ASSERT_TRUE(Open(key_)->Add({"a"}, {1, 2}).ok());
  std::vector<VectorKey> others(8, key_);
  others[0].model_fingerprint = "n";
  others[1].precision = "int8";
  others[2].isa = "avx2";
  others[3].pooling = "cls";
  others[4].whitening = "w";
  others[5].prompt = "query: ";
  others[6].max_tokens = 64;
  others[7].dim = 3;
  row_.resize(3);
  for (const VectorKey& key : others) EXPECT_FALSE(Open(key)->Find("a", absl::MakeSpan(row_)));
}

TEST_F(VectorCacheTest, ADamagedFileIsPassedOverAndNamed) {
  ASSERT_TRUE(Open(key_)->Add({"a"}, {1, 2}).ok());
  const std::string path = OnlyFile();
  const std::string whole = *ReadFile(path);
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string bytes = whole;
    bytes[i] = static_cast<char>(bytes[i] ^ 1);
    std::ofstream(path, std::ios::binary) << bytes;
    const auto cache = Open(key_);
    EXPECT_EQ(cache->size(), 0) << i;
    ASSERT_THAT(cache->skipped(), SizeIs(1)) << i;
    EXPECT_THAT(cache->skipped()[0], HasSubstr(path));
  }
  // What is added afterwards goes to a file of its own.
  ASSERT_TRUE(Open(key_)->Add({"a"}, {7, 8}).ok());
  ASSERT_TRUE(Open(key_)->Find("a", absl::MakeSpan(row_)));
  EXPECT_THAT(row_, ElementsAre(7, 8));
}

TEST_F(VectorCacheTest, AFileOfAnotherKeyIsPassedOver) {
  ASSERT_TRUE(Open(key_)->Add({"a"}, {1, 2}).ok());
  const std::string path = OnlyFile();
  VectorSegment segment;
  segment.key = "another";
  segment.dim = 2;
  std::ofstream(path, std::ios::binary) << WriteVectorSegment(segment);
  EXPECT_THAT(Open(key_)->skipped(), SizeIs(1));
}

TEST_F(VectorCacheTest, WithoutAFolderLivesInMemory) {
  auto cache = VectorCache::Open("", key_);
  ASSERT_TRUE((*cache)->Add({"a"}, {1, 2}).ok());
  EXPECT_TRUE((*cache)->Find("a", absl::MakeSpan(row_)));
  EXPECT_THAT((*cache)->skipped(), IsEmpty());
  EXPECT_FALSE((*cache)->Add({"b"}, {1}).ok());
}

TEST(VectorSegmentTest, RefusesEveryLengthThatIsCut) {
  VectorSegment segment;
  segment.key = "key";
  const std::string hashes(32, 'x'), rows(8, '\0');
  segment.hashes = hashes;
  segment.rows = rows;
  segment.count = 1;
  segment.dim = 2;
  const std::string bytes = WriteVectorSegment(segment);
  ASSERT_TRUE(ParseVectorSegment(bytes, "f").ok());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(ParseVectorSegment(bytes.substr(0, size), "f").ok());
  }
}

}  // namespace
}  // namespace senvec
