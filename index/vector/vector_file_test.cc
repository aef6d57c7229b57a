#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "base/thread_pool.h"
#include "tests/support/vector_index_suite.h"

namespace senvec {
namespace {

using testing::HasSubstr;

// Without the syncs of a careful write.
void Overwrite(const std::string& path, const std::string& bytes) {
  std::filesystem::remove(path);  // a new file: ext4 syncs one that is cut and written again
  std::ofstream(path, std::ios::binary | std::ios::trunc).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// What only an index in a file does.
class VectorFileIndexTest : public VectorIndexTest {};
INSTANTIATE_TEST_SUITE_P(Kinds, VectorFileIndexTest, testing::ValuesIn([] {
                           auto subjects = Subjects();
                           std::erase_if(subjects, [](const Subject& subject) { return subject.grows; });
                           return subjects;
                         }()),
                         Name);

TEST_P(VectorFileIndexTest, AnOpenedFileAnswersAsTheIndexThatWroteIt) {
  const auto queries = ClusteredRows(10, 24, 2);
  std::vector<uint32_t> ids(1500);
  for (uint32_t i = 0; i < 1500; ++i) ids[i] = 3 * i + 5;
  const auto built = TryMake(Options(24), ClusteredRows(1500, 24, 1), ids);
  ASSERT_TRUE(built.ok()) << built.status();
  for (bool verify : {false, true}) {
    const auto opened = OpenVectorIndex(folder_ / "1", verify);
    ASSERT_TRUE(opened.ok()) << opened.status();
    EXPECT_EQ((*opened)->size(), 1500);
    EXPECT_EQ((*opened)->options().kind, GetParam().kind);
    EXPECT_EQ((*opened)->options().codes, GetParam().codes);
    EXPECT_THAT(std::vector<uint32_t>((*opened)->row_ids().begin(), (*opened)->row_ids().end()),
                testing::ElementsAreArray(ids));
    EXPECT_EQ(*(*opened)->Search(queries, {.k = 20}), *(*built)->Search(queries, {.k = 20}));
  }
}

TEST_P(VectorFileIndexTest, TheSameRowsMakeTheSameFileWhateverTheThreads) {
  ThreadPool pool(3);
  for (int threads = 0; threads < 2; ++threads) {
    const auto built = BuildVectorIndex(Options(24), RowsInMemory(ClusteredRows(1500, 24, 1), 24),
                                        folder_ / absl::StrCat("threads", threads),
                                        {.pool = threads == 0 ? nullptr : &pool, .progress = Always});
    ASSERT_TRUE(built.ok()) << built.status();
  }
  EXPECT_TRUE(*ReadFile(folder_ / "threads0") == *ReadFile(folder_ / "threads1"));
}

TEST_P(VectorFileIndexTest, ACancelledBuildLeavesNothing) {
  for (int stop_after : {0, 1, 2, 3}) {
    int asked = 0;
    const auto progress = [&](int64_t done, int64_t total) {
      EXPECT_LE(done, total);
      return asked++ < stop_after;
    };
    const auto index = BuildVectorIndex(Options(24), RowsInMemory(ClusteredRows(500, 24, 1), 24), folder_ / "cancelled",
                                        {.progress = progress});
    if (index.ok()) continue;  // it had been finished
    EXPECT_EQ(index.status().code(), absl::StatusCode::kCancelled);
    EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
  }
}

TEST_P(VectorFileIndexTest, RowIdsThatDoNotFitAreRefused) {
  const std::vector<uint32_t> few = {1, 2}, falling = {1, 3, 2};
  for (const auto& ids : {few, falling}) {
    const auto index = TryMake(Options(8), ClusteredRows(3, 8, 1), ids);
    EXPECT_EQ(index.status().code(), absl::StatusCode::kInvalidArgument);
  }
}

// Each cut, and each flipped bit, is refused when all is verified; when not, answers may be wrong but nothing is read
// that is not there (which the sanitizers see).
TEST_P(VectorFileIndexTest, DamagedFilesAreRefusedOrHarmless) {
  const auto query = ClusteredRows(1, 3, 2);
  ASSERT_TRUE(TryMake(Options(3), ClusteredRows(40, 3, 1)).ok());
  const std::string whole = *ReadFile(folder_ / "1");
  const std::string path = folder_ / "damaged";
  // Only some of the zeros between the parts.
  const auto padding = [&](size_t at) {
    return at % 4096 > 1024 && at % 97 != 0 && whole[at] == 0 && whole[at - 1] == 0;
  };
  for (size_t length = 0; length < whole.size(); ++length) {
    if (length > 0 && padding(length)) continue;
    Overwrite(path, whole.substr(0, length));
    const auto index = OpenVectorIndex(path, false);
    ASSERT_EQ(index.status().code(), absl::StatusCode::kDataLoss) << length;
    ASSERT_THAT(std::string(index.status().message()), HasSubstr(path));
  }
  for (size_t at = 0; at < whole.size(); ++at) {
    if (at > 0 && padding(at)) continue;
    std::string damaged = whole;
    damaged[at] ^= static_cast<char>(1 << at % 8);
    Overwrite(path, damaged);
    const auto index = OpenVectorIndex(path, false);
    if (index.ok()) {
      EXPECT_TRUE((*index)->Search(query, {.k = 50, .ef_search = 50}).ok());
    }
  }
}

TEST(VectorFileTest, EveryFlippedBitOfTheContentIsFoundWhenItIsVerified) {
  TempDir folder;
  const std::string path = folder / "index";
  ASSERT_TRUE(BuildVectorIndex({.dim = 3}, RowsInMemory(ClusteredRows(40, 3, 1), 3), path, {.progress = Always}).ok());
  const std::string whole = *ReadFile(path);
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] ^= 4;
    if (whole[at] == 0 && at % 31 != 0) continue;
    Overwrite(path, damaged);
    const auto index = OpenVectorIndex(path, true);
    if (!index.ok()) continue;
    EXPECT_EQ(whole[at], 0) << at;  // between two parts
  }
}

TEST(VectorFileTest, ANewerVersionIsRefusedByName) {
  TempDir folder;
  const std::string path = folder / "index";
  ASSERT_TRUE(BuildVectorIndex({.dim = 3}, RowsInMemory(ClusteredRows(4, 3, 1), 3), path, {.progress = Always}).ok());
  std::string bytes = *ReadFile(path);
  bytes[8] = 99;
  ASSERT_TRUE(WriteFileAtomically(path, bytes).ok());
  const auto index = OpenVectorIndex(path, false);
  EXPECT_EQ(index.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(index.status().message()), HasSubstr("99"));
}

TEST(VectorFileTest, AMissingFileIsNotFound) {
  TempDir folder;
  EXPECT_EQ(OpenVectorIndex(folder / "none", false).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace senvec
