#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>

#include <filesystem>

#include "base/file.h"
#include "index/vector/vector_index.h"
#include "tests/support/temp_dir.h"
#include "tests/support/vector_fixtures.h"

namespace senvec {
namespace {

// The process's own limit on file sizes stands in for a full disk: a write past it fails.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit = {.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_;
};

TEST(DiskFullTest, AFailedWriteAnywhereLeavesTheOldFileAndNothingElse) {
  TempDir folder;
  const std::string path = folder / "index";
  const auto progress = [](int64_t, int64_t) { return true; };
  for (IndexKind kind : {IndexKind::kExact, IndexKind::kHnsw, IndexKind::kIvf}) {
    const VectorIndexOptions options = {.kind = kind, .dim = 16};
    const RowsInMemory rows(ClusteredRows(300, 16, 1), 16);
    ASSERT_TRUE(BuildVectorIndex(options, rows, path, {.progress = progress}).ok());
    const std::string before = *ReadFile(path);
    for (size_t bytes = 0; bytes < before.size(); bytes += 4096) {
      absl::Status status;
      {
        FileSizeLimit limit(bytes);
        status = BuildVectorIndex(options, rows, path, {.progress = progress}).status();
      }
      EXPECT_FALSE(status.ok()) << bytes;
      EXPECT_THAT(std::string(status.message()), testing::HasSubstr(path));
      EXPECT_TRUE(*ReadFile(path) == before);
      EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
    }
  }
}

}  // namespace
}  // namespace senvec
