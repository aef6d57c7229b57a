#include "index/log_check.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/file.h"
#include "index/kv_store.h"
#include "index/log_scan.h"
#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

std::vector<std::string> notices;

void WriteFile(const std::string& path, absl::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// A store with writes in its log, of which one is longer than a block.
class LogCheckTest : public testing::Test {
 protected:
  LogCheckTest() {
    auto store = *KvStore::Open(Folder(), {.create = true});
    for (int i = 0; i < kWrites; ++i) {
      const auto batch = store->NewBatch();
      batch->Put(Table::kIds, absl::StrCat("key", i), std::string(i == 5 ? 100000 : 10 + i, 'v'));
      batch->Put(Table::kRows, absl::StrCat("row", i), "x");
      EXPECT_TRUE(store->Write(*batch, /*sync=*/true).ok());
    }
    store.reset();
    notices.clear();
    for (const auto& entry : fs::directory_iterator(Folder())) {
      const std::string name = entry.path().filename().string();
      if (absl::EndsWith(name, ".log")) log_ = entry.path().string();
    }
    bytes_ = *ReadFile(log_);
    scan_ = ScanLog(bytes_, LogKind::kWrites);
  }
  std::string Folder() const { return folder_ / "s"; }

  // Of the store as it is on disk: whether it opens, with all keys.
  absl::Status Open(bool read_only = false) {
    const auto store = KvStore::Open(Folder(), {.read_only = read_only, .notice = [](absl::string_view message) {
                                                  notices.emplace_back(message);
                                                }});
    if (!store.ok()) return store.status();
    for (int i = 0; i < kWrites; ++i) {
      EXPECT_TRUE((*(*store)->Get(Table::kIds, absl::StrCat("key", i), nullptr)).has_value()) << i;
    }
    return absl::OkStatus();
  }

  static constexpr int kWrites = 12;
  const TempDir folder_;
  std::string log_, bytes_;
  LogScan scan_;
};

TEST_F(LogCheckTest, AWholeLogIsReadToItsEnd) {
  EXPECT_EQ(scan_.fault, "");
  EXPECT_GE(scan_.num_records, kWrites);
  EXPECT_EQ(scan_.end, static_cast<int64_t>(bytes_.size()));
  EXPECT_EQ(scan_.last_sequence, 2u * kWrites);
  EXPECT_TRUE(Open().ok());
  EXPECT_THAT(notices, testing::IsEmpty());
}

TEST_F(LogCheckTest, ALogThatEndsBeforeAnAcknowledgedWriteIsRefusedAtEveryByte) {
  for (int64_t size = scan_.last_begin; size < scan_.end; ++size) {
    WriteFile(log_, absl::string_view(bytes_).substr(0, static_cast<size_t>(size)));
    const absl::Status status = Open();
    ASSERT_EQ(status.code(), absl::StatusCode::kDataLoss) << size;
    ASSERT_THAT(std::string(status.message()), testing::AllOf(HasSubstr(Folder()), HasSubstr("restore")));
  }
  // Nothing was written meanwhile: the file put back, all is well.
  WriteFile(log_, bytes_);
  EXPECT_TRUE(Open().ok());
}

TEST_F(LogCheckTest, AWriteThatWasNeverFinishedIsLeftOutAndToldOf) {
  const std::string record = bytes_.substr(static_cast<size_t>(scan_.last_begin));
  for (size_t size = 1; size < record.size(); ++size) {
    notices.clear();
    WriteFile(log_, bytes_ + record.substr(0, size));
    ASSERT_TRUE(Open(/*read_only=*/true).ok()) << size;
    ASSERT_THAT(notices, testing::Contains(HasSubstr(log_))) << size;
  }
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(Open().ok());
}

TEST_F(LogCheckTest, ZerosAtTheEndAreLeftOutAndToldOf) {
  for (size_t zeros : {1, 6, 7, 8, 4096, 100000}) {
    notices.clear();
    WriteFile(log_, bytes_ + std::string(zeros, '\0'));
    ASSERT_TRUE(Open(/*read_only=*/true).ok()) << zeros;
    ASSERT_THAT(notices, testing::Contains(HasSubstr(log_))) << zeros;
  }
}

TEST_F(LogCheckTest, AFlippedBitAnywhereIsRefused) {
  for (size_t place = 0; place < bytes_.size(); place += place < 700 || place + 300 > bytes_.size() ? 1 : 997) {
    std::string damaged = bytes_;
    damaged[place] = static_cast<char>(damaged[place] ^ (1 << (place % 8)));
    WriteFile(log_, damaged);
    const absl::Status status = Open();
    ASSERT_EQ(status.code(), absl::StatusCode::kDataLoss) << place;
    ASSERT_THAT(std::string(status.message()), HasSubstr(Folder())) << place;
  }
}

TEST_F(LogCheckTest, ZerosInTheMiddleAndRecordsTakenOutAreRefused) {
  for (size_t begin = 0; begin + 1000 < bytes_.size(); begin += 1777) {
    std::string damaged = bytes_;
    std::fill_n(damaged.begin() + static_cast<std::ptrdiff_t>(begin), std::min<size_t>(4096, damaged.size() - begin), '\0');
    WriteFile(log_, damaged);
    ASSERT_EQ(Open().code(), absl::StatusCode::kDataLoss) << begin;
  }
  // The first record and its block's rest become those of the second.
  const LogScan first = ScanLog(absl::string_view(bytes_).substr(0, 200), LogKind::kWrites);
  ASSERT_GT(first.num_records, 1);
  WriteFile(log_, absl::string_view(bytes_).substr(0, static_cast<size_t>(first.last_begin)));
  ASSERT_EQ(Open().code(), absl::StatusCode::kDataLoss);
}

TEST_F(LogCheckTest, ALostLogIsRefusedUnlessItsLossIsAccepted) {
  fs::remove(log_);
  const absl::Status status = Open();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr(kSyncMarkName));
  fs::remove(Folder() + "/" + kSyncMarkName);
  const auto store = KvStore::Open(Folder(), {.notice = [](absl::string_view m) { notices.emplace_back(m); }});
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_THAT(notices, testing::Contains(HasSubstr(kSyncMarkName)));
}

// Logs whose changes are all in tables are removed, the later ones first; a process that is killed meanwhile leaves a gap.
TEST_F(LogCheckTest, LogsThatAreNoLongerNeededMayBeThereOrNot) {
  {
    const auto store = *KvStore::Open(Folder(), {});
    for (int i = 0; i < 2; ++i) {
      const auto batch = store->NewBatch();
      batch->Put(Table::kIds, absl::StrCat("later", i), "x");
      ASSERT_TRUE(store->Write(*batch, /*sync=*/true).ok());
      ASSERT_TRUE(store->Flush().ok());
    }
    const auto batch = store->NewBatch();
    batch->Put(Table::kIds, "last", "x");
    ASSERT_TRUE(store->Write(*batch, /*sync=*/true).ok());
  }
  ASSERT_FALSE(FileExists(log_));
  WriteFile(log_, bytes_);
  for (bool read_only : {true, false}) {
    EXPECT_TRUE(Open(read_only).ok()) << Open(read_only);
    EXPECT_THAT(notices, testing::IsEmpty());
  }
}

TEST_F(LogCheckTest, ACopyOfALogUnderALaterNumberIsRefused) {
  const std::string later = Folder() + "/000990.log";
  WriteFile(later, bytes_);
  const absl::Status status = Open();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), testing::AllOf(HasSubstr(later), HasSubstr("earlier log")));
}

TEST_F(LogCheckTest, AManifestThatIsShorterThanItWasIsRefused) {
  ASSERT_TRUE(Open().ok());  // moves the log into tables, which only the MANIFEST names
  const std::string path = absl::StrCat(Folder(), "/MANIFEST-", absl::StrFormat("%06d", *ManifestNumber(Folder())));
  const std::string manifest = *ReadFile(path);
  for (size_t size = 0; size < manifest.size(); ++size) {
    WriteFile(path, manifest.substr(0, size));
    const absl::Status status = Open();
    ASSERT_EQ(status.code(), absl::StatusCode::kDataLoss) << size << status;
  }
  for (size_t place = 0; place < manifest.size(); ++place) {
    std::string damaged = manifest;
    damaged[place] = static_cast<char>(damaged[place] ^ 16);
    WriteFile(path, damaged);
    ASSERT_EQ(Open().code(), absl::StatusCode::kDataLoss) << place;
  }
  WriteFile(path, manifest);
  EXPECT_TRUE(Open().ok());
}

TEST(SyncMarkTest, EveryChangedByteIsFound) {
  const std::string bytes = SerializeSyncMark({.sequence = 7, .manifest_number = 4, .manifest_bytes = 99});
  EXPECT_EQ(*ParseSyncMark(bytes, "x"), (SyncMark{7, 4, 99}));
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] ^= 1;
    EXPECT_FALSE(ParseSyncMark(damaged, "x").ok());
    EXPECT_FALSE(ParseSyncMark(bytes.substr(0, i), "x").ok());
  }
}

}  // namespace
}  // namespace senvec
