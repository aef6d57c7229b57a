// A disk of a few MB that is really full: every call succeeds or says so, nothing acknowledged is lost, and once there is
// room all goes on. SENVEC_FULL_ROUNDS and SENVEC_FULL_SEED make a longer or another run (scripts/torture.sh).
#include <gmock/gmock.h>

#include <random>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/file.h"
#include "bulk/bulk_build.h"
#include "index/collection_store.h"
#include "index/local_collection.h"
#include "index/snapshot.h"
#include "tests/support/bulk_encoder.h"
#include "tests/support/small_disk.h"
#include "tests/torture/torture_environment.h"
#include "tests/torture/torture_ledger.h"

namespace senvec {
namespace {

using testing::HasSubstr;

constexpr int64_t kDiskBytes = 24 << 20;
constexpr int64_t kReserveBytes = 4 << 20;  // what the store leaves free for others
constexpr int kMaxFailed = 5;

bool Go(int64_t, int64_t) { return true; }

class FullDiskTest : public testing::Test {
 protected:
  void SetUp() override {
    auto disk = SmallDisk::Mount(kDiskBytes);
    if (!disk.ok()) GTEST_SKIP() << disk.status().message();
    disk_ = *std::move(disk);
  }
  std::string Path(const std::string& name) const { return disk_->path() + "/" + name; }

  // That of a full disk, with its place and the remedy.
  void ExpectFull(const absl::Status& status) const {
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(disk_->path()));
  }

  std::unique_ptr<SmallDisk> disk_;
};

// One collection that lives through many full disks.
class Survivor {
 public:
  Survivor(SmallDisk& disk, uint64_t seed) : disk_(disk), seed_(seed), random_(seed) {}

  void Create() {
    auto made = LocalCollection::CreateIn(Path(), TortureOptions("c"), {}, kTuning);
    ASSERT_TRUE(made.ok()) << made.status();
    collection_ = *std::move(made);
  }

  void Round() {
    ASSERT_NO_FATAL_FAILURE(WriteUntilFull());
    if (Below(2) == 0) {
      ASSERT_NO_FATAL_FAILURE(OptimizeWhileFull());
    }
    if (Below(2) == 0) {
      ASSERT_NO_FATAL_FAILURE(SnapshotWhileFull());
    }
    if (Below(2) == 0) {
      ASSERT_NO_FATAL_FAILURE(ReopenWhileFull());
    }
    disk_.MakeRoom();
    ASSERT_NO_FATAL_FAILURE(WorkOn());
    if (Below(2) == 0) {
      ASSERT_NO_FATAL_FAILURE(Reopen());
    }
  }

  std::string Summary() const {
    return absl::StrCat(acknowledged_, " acknowledged writes, ", refused_, " refused for want of room; while it was full ",
                        full_optimized_, " merges and ", full_snapshots_, " snapshots were refused, and ", full_opened_,
                        " of ", full_openings_, " openings succeeded; ", reopened_,
                        " times it took no write before it was opened anew");
  }

 private:
  static constexpr LocalCollection::Tuning kTuning{.tail_rows = 64, .max_waiting_rows = 20000};

  int64_t Below(int64_t n) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(n)); }
  std::string Path() const { return disk_.path() + "/c"; }

  absl::Status WriteOne() {
    const TortureOp op = MakeTortureOp(seed_, 0, next_op_++);
    const absl::Status status = PerformTortureOp(*collection_, op);
    if (status.ok()) {
      ++acknowledged_;
      ledger_.Succeeded(op);
    } else {
      ++refused_;
      ledger_.Failed(op);
    }
    return status;
  }

  void ExpectSame(const std::string& when) {
    EXPECT_EQ(CheckTortureState(*collection_, ledger_.live()), "") << when;
  }

  // Sometimes full at once, sometimes after some hundred writes; background work meets the end as well.
  void WriteUntilFull() {
    disk_.Fill(Below(3) == 0 ? Below(kReserveBytes) : kReserveBytes + Below(256 << 10));
    absl::Status status;
    for (int i = 0; i < 4000 && status.ok(); ++i) status = WriteOne();
    ASSERT_FALSE(status.ok()) << disk_.FreeBytes() << " bytes are still free";
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
    EXPECT_THAT(std::string(status.message()), testing::AllOf(HasSubstr(disk_.path()), HasSubstr("room")));
    const auto stats = collection_->Stats();
    ASSERT_TRUE(stats.ok()) << stats.status();
    EXPECT_TRUE(stats->read_only);
    EXPECT_THAT(stats->read_only_reason, HasSubstr("room"));
    // A smaller one may have found room, and what removes nothing needs none.
    disk_.Fill(Below(kReserveBytes));
    do {
      status = WriteOne();
    } while (status.ok());
    ExpectSame("while it is full");
  }

  void OptimizeWhileFull() {
    disk_.Fill(Below(64 << 10));
    if (!collection_->Optimize(Go).ok()) ++full_optimized_;
    ExpectSame("after merging while it is full");
  }

  void SnapshotWhileFull() {
    disk_.Fill(Below(64 << 10));
    const std::string path = disk_.path() + "/snapshot";
    const absl::Status status = collection_->Snapshot(path);
    if (status.ok()) {
      EXPECT_TRUE(VerifySnapshot(path).ok()) << VerifySnapshot(path);
    } else {
      ++full_snapshots_;
      EXPECT_FALSE(DirectoryExists(path)) << "half a snapshot is there";
    }
    std::filesystem::remove_all(path);
  }

  void ReopenWhileFull() {
    disk_.Fill(Below(kReserveBytes));
    collection_.reset();
    ++full_openings_;
    auto opened = LocalCollection::OpenIn(Path(), false, {}, kTuning);
    if (opened.ok()) {
      ++full_opened_;
    } else {
      EXPECT_EQ(opened.status().code(), absl::StatusCode::kResourceExhausted) << opened.status();
      EXPECT_THAT(std::string(opened.status().message()), HasSubstr(disk_.path()));
      disk_.MakeRoom();
      opened = LocalCollection::OpenIn(Path(), false, {}, kTuning);
    }
    ASSERT_TRUE(opened.ok()) << opened.status();
    collection_ = *std::move(opened);
    EXPECT_EQ(ledger_.Opened(*collection_), "");
  }

  void Reopen() {
    collection_.reset();
    auto opened = LocalCollection::OpenIn(Path(), false, {}, kTuning);
    ASSERT_TRUE(opened.ok()) << opened.status();
    collection_ = *std::move(opened);
    EXPECT_EQ(ledger_.Opened(*collection_), "");
  }

  // There is room: it takes writes, or says that it must be opened anew, and takes them then.
  void WorkOn() {
    if (!WriteOne().ok()) {
      const auto stats = collection_->Stats();
      ASSERT_TRUE(stats.ok() && stats->read_only) << "it fails with room, and does not say that it is read-only";
      ++reopened_;
      ASSERT_NO_FATAL_FAILURE(Reopen());
    }
    for (int i = 0; i < 20; ++i) {
      const absl::Status status = WriteOne();
      ASSERT_TRUE(status.ok()) << status;
    }
    ASSERT_LE(ledger_.num_failed(), kMaxFailed);
    EXPECT_FALSE(collection_->Stats()->read_only);
    ExpectSame("with room again");
    ASSERT_TRUE(collection_->Optimize(Go).ok());
    ExpectSame("after merging with room");
    if (ledger_.num_failed() >= kMaxFailed - 2) {
      ASSERT_NO_FATAL_FAILURE(Reopen());
    }
  }

  SmallDisk& disk_;
  const uint64_t seed_;
  std::mt19937_64 random_;
  std::unique_ptr<LocalCollection> collection_;
  TortureLedger ledger_;
  int64_t next_op_ = 0;
  int64_t acknowledged_ = 0, refused_ = 0, full_optimized_ = 0, full_snapshots_ = 0, full_openings_ = 0,
          full_opened_ = 0, reopened_ = 0;
};

TEST_F(FullDiskTest, ACollectionLosesNothingAndWorksOnOnceThereIsRoom) {
  const int64_t rounds = TortureNumber("SENVEC_FULL_ROUNDS", 6);
  const int64_t seed = TortureNumber("SENVEC_FULL_SEED", 1);
  Survivor survivor(*disk_, static_cast<uint64_t>(seed));
  ASSERT_NO_FATAL_FAILURE(survivor.Create());
  for (int64_t round = 0; round < rounds && !HasFailure(); ++round) {
    SCOPED_TRACE(absl::StrCat("seed ", seed, ", round ", round));
    ASSERT_NO_FATAL_FAILURE(survivor.Round());
  }
  std::printf("%ld rounds: %s\n", rounds, survivor.Summary().c_str());
}

TEST_F(FullDiskTest, ACollectionThatFindsNoRoomLeavesItsNameFree) {
  const auto store = *CollectionStore::Open(Path("data"));
  disk_->Fill(16 << 10);
  ExpectFull(store->Create(TortureOptions("c")).status());
  EXPECT_THAT(store->List(), testing::IsEmpty());
  disk_->MakeRoom();
  const auto made = store->Create(TortureOptions("c"));
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_TRUE((*made)->Upsert({TortureDocument("t0-1", {1, 1})}).ok());
}

TEST_F(FullDiskTest, ASnapshotThatFindsNoRoomCanBeRestoredLater) {
  const auto store = *CollectionStore::Open(Path("data"));
  const auto collection = *store->Create(TortureOptions("c"));
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(collection->Upsert({TortureDocument(absl::StrCat("t0-", i), {i, 1})}).ok());
  ASSERT_TRUE(collection->Snapshot(Path("snapshot")).ok());
  disk_->Fill(16 << 10);
  ExpectFull(store->Restore(Path("snapshot"), "d").status());
  EXPECT_THAT(store->List(), testing::ElementsAre("c"));
  disk_->MakeRoom();
  const auto restored = store->Restore(Path("snapshot"), "d");
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ((*restored)->size(), 200);
}

TEST_F(FullDiskTest, ABuildGoesOnWhereItFoundNoRoom) {
  constexpr int kLines = 20000;
  const TempDir elsewhere;
  std::string lines;
  for (int i = 0; i < kLines; ++i) absl::StrAppend(&lines, "d", i, "\t", std::string(200, static_cast<char>('a' + i % 26)), i, "\n");
  ASSERT_TRUE(WriteFileAtomically(elsewhere / "c.tsv", lines).ok());
  BulkBuildOptions options;
  options.output = Path("out");
  options.source.input = elsewhere / "c.tsv";
  options.collection.index = {.kind = IndexKind::kExact, .metric = Metric::kL2, .dim = 2};
  options.num_workers = 2;
  options.memory_bytes = 8 << 20;  // so that it writes in small steps
  options.now = absl::Now;
  BulkEncoder encoder;
  ThreadPool pool(2);
  disk_->Fill(kReserveBytes + (7 << 20));  // of which the store takes 4 MB in advance
  const absl::Status full = BulkBuild(options, &encoder, &pool, {}).status();
  ExpectFull(full);
  EXPECT_FALSE(DirectoryExists(options.output));
  disk_->MakeRoom();
  const auto report = BulkBuild(options, &encoder, &pool, {});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->num_documents, kLines);
  EXPECT_GT(report->num_resumed, 0) << "it had stopped with: " << full;
  const auto collection = *Collection::OpenForReading(options.output);
  EXPECT_EQ(collection->size(), kLines);
  EXPECT_EQ(collection->Get({"d19999"})->at(0)->text, absl::StrCat(std::string(200, static_cast<char>('a' + 19999 % 26)), 19999));
}

}  // namespace
}  // namespace senvec
