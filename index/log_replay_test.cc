#include "index/log_replay.h"

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "index/kv_store.h"
#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

using testing::IsEmpty;

class LogReplayTest : public testing::Test {
 protected:
  KvOptions Options() {
    KvOptions options;
    options.notice = [this](absl::string_view message) { notices_.emplace_back(message); };
    return options;
  }
  // Leaves a log of about that many bytes: less than would be moved into tables.
  void WriteLog(int64_t bytes) {
    KvOptions options = Options();
    options.create = true;
    const auto store = *KvStore::Open(folder_ / "s", options);
    const std::string value(1 << 20, 'v');
    for (int64_t i = 0; i * (1 << 20) < bytes; ++i) {
      const auto batch = store->NewBatch();
      batch->Put(Table::kRows, absl::StrCat("key", i), value);
      ASSERT_TRUE(store->Write(*batch, /*sync=*/true).ok());
    }
    notices_.clear();
  }

  const TempDir folder_;
  std::vector<std::string> notices_;
};

TEST_F(LogReplayTest, ALongLogIsToldOfAtEveryTenthUntilItIsReplayed) {
  ASSERT_NO_FATAL_FAILURE(WriteLog(20 << 20));
  for (const bool read_only : {true, false}) {
    notices_.clear();
    KvOptions options = Options();
    options.read_only = read_only;
    const auto store = KvStore::Open(folder_ / "s", options);
    ASSERT_TRUE(store.ok()) << store.status();
    ASSERT_EQ(notices_.size(), 11u);
    EXPECT_THAT(notices_.front(), testing::MatchesRegex("replaying the log of writes, 2[01]\\.[0-9] MB"));
    for (int tenth = 1; tenth < 10; ++tenth) {
      EXPECT_EQ(notices_[static_cast<size_t>(tenth)], absl::StrCat(tenth * 10, " % of the log are replayed"));
    }
    EXPECT_EQ(notices_.back(), "the log is replayed");
    EXPECT_TRUE((*store)->Get(Table::kRows, "key19", nullptr)->has_value());
  }
  // The last opening moved all into tables.
  notices_.clear();
  ASSERT_TRUE(KvStore::Open(folder_ / "s", Options()).ok());
  EXPECT_THAT(notices_, IsEmpty());
}

TEST_F(LogReplayTest, AShortLogIsReplayedInSilence) {
  ASSERT_NO_FATAL_FAILURE(WriteLog(2 << 20));
  ASSERT_TRUE(KvStore::Open(folder_ / "s", Options()).ok());
  EXPECT_THAT(notices_, IsEmpty());
}

TEST_F(LogReplayTest, CopyingALogLaterIsNoReplay) {
  ASSERT_NO_FATAL_FAILURE(WriteLog(20 << 20));
  const auto store = *KvStore::Open(folder_ / "s", Options());
  for (int i = 0; i < 20; ++i) {
    const auto batch = store->NewBatch();
    batch->Put(Table::kRows, absl::StrCat("late", i), std::string(1 << 20, 'w'));
    ASSERT_TRUE(store->Write(*batch, /*sync=*/true).ok());
  }
  notices_.clear();
  ASSERT_TRUE(store->Checkpoint(folder_ / "copy").ok());
  EXPECT_THAT(notices_, testing::Each(testing::Not(testing::HasSubstr("replay"))));
}

}  // namespace
}  // namespace senvec
