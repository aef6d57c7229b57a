#include "index/vector/index_file.h"

#include <gmock/gmock.h>

#include <cstring>

#include "base/file.h"
#include "base/hash.h"
#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

class IndexFileTest : public testing::TestWithParam<IndexKind> {
 protected:
  void SetUp() override {
    const auto index = *MutableIndex::Create({.kind = GetParam(), .dim = 3});
    ASSERT_TRUE(index->Add({7, 8, 9}, {1, 0, 0, 0, 1, 0, 0, 0, 1}).ok());
    ASSERT_TRUE(index->Save(path_).ok());
    bytes_ = *ReadFile(path_);
  }
  absl::Status Open(const std::string& bytes) {
    EXPECT_TRUE(WriteFileAtomically(path_, bytes).ok());
    return MutableIndex::Open(path_).status();
  }

  const TempDir folder_;
  const std::string path_ = folder_ / "v.idx";
  std::string bytes_;
};

INSTANTIATE_TEST_SUITE_P(Kinds, IndexFileTest, testing::Values(IndexKind::kExact, IndexKind::kHnsw),
                         [](const auto& kind) { return std::string(IndexKindName(kind.param)); });

TEST_P(IndexFileTest, EveryTruncationIsDataLoss) {
  for (size_t size = 0; size < bytes_.size(); ++size) {
    ASSERT_EQ(ParseIndexFile(bytes_.substr(0, size), "x").status().code(), absl::StatusCode::kDataLoss) << size;
  }
  EXPECT_EQ(Open(bytes_.substr(0, 100)).code(), absl::StatusCode::kDataLoss);
}

TEST_P(IndexFileTest, EveryFlippedBitIsDataLoss) {
  for (size_t i = 0; i < bytes_.size(); ++i) {
    for (int bit = 0; bit < 8; bit += 3) {
      std::string damaged = bytes_;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
      ASSERT_EQ(ParseIndexFile(damaged, "x").status().code(), absl::StatusCode::kDataLoss) << i;
    }
  }
  std::string damaged = bytes_;
  damaged.back() ^= 1;
  const absl::Status status = Open(damaged);
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), testing::AllOf(testing::HasSubstr(path_), testing::HasSubstr("checksum")));
}

TEST_P(IndexFileTest, TrailingBytesAreDataLoss) { EXPECT_EQ(Open(bytes_ + "x").code(), absl::StatusCode::kDataLoss); }

TEST_P(IndexFileTest, ANewerVersionIsRefusedByName) {
  std::string newer = bytes_;
  newer[8] = 2;
  const uint64_t checksum = Checksum64(absl::string_view(newer).substr(0, 64));
  std::memcpy(newer.data() + 64, &checksum, sizeof(checksum));
  const absl::Status status = Open(newer);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("version 2"));
}

// A file whose checksums are right but whose rows are not: written by a faulty program, not by accident.
TEST_P(IndexFileTest, ContentThatDoesNotFitTheHeaderIsDataLoss) {
  IndexFile file = *ParseIndexFile(bytes_, "x");
  file.num_rows = 2;
  ASSERT_TRUE(WriteIndexFile(path_, file).ok());
  EXPECT_EQ(MutableIndex::Open(path_).status().code(), absl::StatusCode::kDataLoss);
  file = *ParseIndexFile(bytes_, "x");
  file.options.dim = 2;
  ASSERT_TRUE(WriteIndexFile(path_, file).ok());
  EXPECT_EQ(MutableIndex::Open(path_).status().code(), absl::StatusCode::kDataLoss);
}

TEST(IndexFilePathTest, NamesAMissingFile) {
  EXPECT_EQ(MutableIndex::Open("/nonexistent/v.idx").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace senvec
