#include "bulk/reject_file.h"

#include <gmock/gmock.h>

#include "base/file.h"
#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

using testing::HasSubstr;

TEST(RejectFileTest, IsMadeByTheFirstAndReplacesAnOldOne) {
  const TempDir folder;
  const std::string path = folder / "r.tsv";
  ASSERT_TRUE(WriteFileAtomically(path, "of an earlier build").ok());
  {
    const auto file = *RejectFile::Open(path, 0);
    EXPECT_FALSE(FileExists(path));
    ASSERT_TRUE(file->Append({}, true).ok());
    EXPECT_FALSE(FileExists(path));
    const std::vector<Reject> rejects = {{3, "a\tb", "bad\nline"}, {4, "", "no \xFF text"}};
    ASSERT_TRUE(file->Append(rejects, true).ok());
    EXPECT_EQ(file->bytes(), static_cast<int64_t>(ReadFile(path)->size()));
  }
  EXPECT_EQ(*ReadFile(path), "line\tid\treason\n3\ta\\tb\tbad\\nline\n4\t\tno \xEF\xBF\xBD text\n");
}

TEST(RejectFileTest, GoesOnWhereTheStateSaysAndDropsTheRest) {
  const TempDir folder;
  const std::string path = folder / "r.tsv";
  int64_t bytes = 0;
  {
    const auto file = *RejectFile::Open(path, 0);
    ASSERT_TRUE(file->Append({Reject{1, "a", "x"}}, false).ok());
    bytes = file->bytes();
    ASSERT_TRUE(file->Append({Reject{2, "b", "y"}}, false).ok());
  }
  {
    const auto file = *RejectFile::Open(path, bytes);
    ASSERT_TRUE(file->Append({Reject{3, "c", "z"}}, false).ok());
  }
  EXPECT_EQ(*ReadFile(path), "line\tid\treason\n1\ta\tx\n3\tc\tz\n");
  const absl::Status status = RejectFile::Open(path, 1000).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("--restart"));
  EXPECT_EQ(RejectFile::Open(folder / "nothing", 5).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace senvec
