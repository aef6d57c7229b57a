#include "index/kv_store.h"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>

#include <sys/statvfs.h>

#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/check.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "index/log_check.h"
#include "index/log_replay.h"
#include "index/posting_merge_operator.h"
#include "index/sync_mark.h"

namespace senvec {
namespace {

constexpr const char* kTableNames[kNumTables] = {"default", "ids", "rows", "vectors", "postings"};
constexpr uint64_t kMaxLogBytes = 256 << 20;
constexpr size_t kWriteBufferBytes = 128 << 20;
// Left free on the disk: a full one must be met before the log is.
constexpr uint64_t kReserveBytes = 4 << 20;

rocksdb::Slice ToSlice(absl::string_view text) { return {text.data(), text.size()}; }
absl::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

absl::Status ToStatus(const rocksdb::Status& status, absl::string_view what) {
  if (status.ok()) return absl::OkStatus();
  const std::string message = absl::StrCat(what, ": ", status.ToString());
  if (status.IsNoSpace()) return absl::ResourceExhaustedError(absl::StrCat(message, "; make room on the disk"));
  if (status.IsCorruption()) return absl::DataLossError(absl::StrCat(message, "; restore it from a snapshot"));
  if (status.IsNotFound()) return absl::NotFoundError(message);
  if (status.IsInvalidArgument()) return absl::FailedPreconditionError(message);
  if (status.IsMemoryLimit()) return absl::ResourceExhaustedError(message);
  return absl::UnavailableError(message);
}

// Passes on what the library warns of, and keeps it from writing files of its own about it.
class NoticeLogger : public rocksdb::Logger {
 public:
  explicit NoticeLogger(std::function<void(absl::string_view)> notice)
      : rocksdb::Logger(rocksdb::WARN_LEVEL), notice_(std::move(notice)) {}
  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    if (!notice_) return;
    char line[1024];
    std::vsnprintf(line, sizeof(line), format, arguments);
    notice_(absl::StripTrailingAsciiWhitespace(line));
  }

 private:
  const std::function<void(absl::string_view)> notice_;
};

// Keeps the mark of what is on disk, and remembers that the log could not be written. The library then either never writes
// again or goes on after a half-written record, by the error's kind; which of a failed write's tables it replays later
// depends on what was flushed meanwhile. So nothing is written after it until the store is opened anew, which leaves the
// failed write whole or absent.
class DiskListener : public rocksdb::EventListener {
 public:
  bool has_log_fault() const { return has_log_fault_; }
  // Calls from now on are passed to `mark`, which outlives the database.
  void Follow(SyncMarkFile* mark, rocksdb::DB* db) {
    mark_ = mark;
    MarkManifest(db);
  }

  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* status) override {
    if (IsOfLog(reason)) has_log_fault_ = true;
  }
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason reason, rocksdb::Status status,
                            bool* auto_recovery) override {
    if (IsOfLog(reason)) *auto_recovery = false;
  }
  void OnFlushCompleted(rocksdb::DB* db, const rocksdb::FlushJobInfo& info) override { MarkManifest(db); }
  void OnCompactionCompleted(rocksdb::DB* db, const rocksdb::CompactionJobInfo& info) override { MarkManifest(db); }

 private:
  static bool IsOfLog(rocksdb::BackgroundErrorReason reason) {
    return reason == rocksdb::BackgroundErrorReason::kWriteCallback ||
           reason == rocksdb::BackgroundErrorReason::kMemTable;
  }

  // The MANIFEST is synced whenever it changes.
  void MarkManifest(rocksdb::DB* db) {
    SyncMarkFile* const mark = mark_;
    std::vector<std::string> files;
    uint64_t bytes = 0, number = 0;
    if (mark == nullptr || !db->GetLiveFiles(files, &bytes, /*flush_memtable=*/false).ok()) return;
    for (absl::string_view file : files) {
      if (absl::ConsumePrefix(&file, "/MANIFEST-") && absl::SimpleAtoi(file, &number)) mark->SetManifest(number, bytes);
    }
  }

  std::atomic<bool> has_log_fault_ = false;
  std::atomic<SyncMarkFile*> mark_ = nullptr;
};

class SnapshotImpl : public KvSnapshot {
 public:
  explicit SnapshotImpl(rocksdb::DB* db) : db_(db), snapshot_(db->GetSnapshot()) {}
  ~SnapshotImpl() override { db_->ReleaseSnapshot(snapshot_); }
  const rocksdb::Snapshot* get() const { return snapshot_; }

 private:
  rocksdb::DB* const db_;
  const rocksdb::Snapshot* const snapshot_;
};

rocksdb::ReadOptions ReadAt(const KvSnapshot* snapshot) {
  rocksdb::ReadOptions options;
  if (snapshot != nullptr) options.snapshot = static_cast<const SnapshotImpl*>(snapshot)->get();
  return options;
}

class IteratorImpl : public KvIterator {
 public:
  explicit IteratorImpl(std::unique_ptr<rocksdb::Iterator> it) : it_(std::move(it)) {}
  void Seek(absl::string_view key) override { it_->Seek(ToSlice(key)); }
  bool Valid() const override { return it_->Valid(); }
  void Next() override { it_->Next(); }
  absl::string_view key() const override { return ToView(it_->key()); }
  absl::string_view value() const override { return ToView(it_->value()); }
  absl::Status status() const override { return ToStatus(it_->status(), "cannot read the collection"); }

 private:
  const std::unique_ptr<rocksdb::Iterator> it_;
};

rocksdb::ColumnFamilyOptions TableOptions(Table table, const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions options;
  rocksdb::BlockBasedTableOptions blocks;
  blocks.block_cache = cache;
  blocks.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  blocks.cache_index_and_filter_blocks = false;
  blocks.format_version = 5;
  // Vectors do not compress; one of 384 values fills more than half of a small block.
  blocks.block_size = table == Table::kVectors ? 32 << 10 : 8 << 10;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(blocks));
  options.compression = table == Table::kVectors ? rocksdb::kNoCompression : rocksdb::kLZ4Compression;
  options.write_buffer_size = 64 << 20;
  if (table == Table::kIds) {
    // Most ids that are written are new: the newest table says so without a search.
    options.memtable_whole_key_filtering = true;
    options.memtable_prefix_bloom_size_ratio = 0.02;
  }
  if (table == Table::kMeta || table == Table::kPostings) options.merge_operator = MakePostingMergeOperator();
  return options;
}

class BatchImpl : public KvBatch {
 public:
  explicit BatchImpl(absl::Span<rocksdb::ColumnFamilyHandle* const> handles) : handles_(handles) {}
  void Put(Table table, absl::string_view key, absl::string_view value) override {
    Note(batch_.Put(Handle(table), ToSlice(key), ToSlice(value)));
  }
  void Delete(Table table, absl::string_view key) override { Note(batch_.Delete(Handle(table), ToSlice(key))); }
  void Merge(Table table, absl::string_view key, absl::string_view operand) override {
    Note(batch_.Merge(Handle(table), ToSlice(key), ToSlice(operand)));
  }
  rocksdb::WriteBatch& batch() { return batch_; }
  const rocksdb::Status& fault() const { return fault_; }  // of the first change that did not fit

 private:
  rocksdb::ColumnFamilyHandle* Handle(Table table) const { return handles_[static_cast<size_t>(table)]; }
  void Note(rocksdb::Status status) {
    if (fault_.ok()) fault_ = std::move(status);
  }

  const absl::Span<rocksdb::ColumnFamilyHandle* const> handles_;
  rocksdb::WriteBatch batch_;
  rocksdb::Status fault_;
};

class RocksStore : public KvStore {
 public:
  RocksStore(std::string directory, bool read_only) : directory_(std::move(directory)), read_only_(read_only) {}

  ~RocksStore() override {
    if (db_ == nullptr) return;
    for (rocksdb::ColumnFamilyHandle* handle : handles_) db_->DestroyColumnFamilyHandle(handle);
    static_cast<void>(db_->Close());
  }

  absl::Status OpenDb(const KvOptions& options) {
    LogCheck check;
    if (!options.create) {
      SENVEC_ASSIGN_OR_RETURN(check, CheckLogs(directory_));
      for (const std::string& message : check.notices) {
        if (options.notice) options.notice(message);
      }
      SENVEC_RETURN_IF_ERROR(CheckDoubtful(check, options));
    }
    SENVEC_RETURN_IF_ERROR(OpenTables(options, check.log_bytes));
    SENVEC_RETURN_IF_ERROR(CheckAgainstMark(directory_, check, db_->GetLatestSequenceNumber()));
    if (read_only_) return absl::OkStatus();
    // All that the log held was moved into tables and synced.
    SENVEC_ASSIGN_OR_RETURN(mark_, SyncMarkFile::Open(directory_, {.sequence = db_->GetLatestSequenceNumber()}));
    listener_->Follow(mark_.get(), db_.get());
    return absl::OkStatus();
  }

  std::unique_ptr<KvBatch> NewBatch() const override { return std::make_unique<BatchImpl>(handles_); }

  absl::Status Write(KvBatch& batch, bool sync) override {
    auto& changes = static_cast<BatchImpl&>(batch);
    SENVEC_RETURN_IF_ERROR(ToStatus(changes.fault(), "cannot collect a write"));
    SENVEC_RETURN_IF_ERROR(CheckLog());
    SENVEC_RETURN_IF_ERROR(CheckRoom(changes.batch().GetDataSize()));
    rocksdb::WriteOptions options;
    options.sync = sync;
    SENVEC_RETURN_IF_ERROR(
        ToStatus(db_->Write(options, &changes.batch()), absl::StrCat("cannot write to ", directory_)));
    if (sync) mark_->SetSequence(db_->GetLatestSequenceNumber());
    return absl::OkStatus();
  }

  absl::Status Resume() override {
    SENVEC_RETURN_IF_ERROR(CheckLog());
    SENVEC_RETURN_IF_ERROR(CheckRoom(0));
    return ToStatus(db_->Resume(), absl::StrCat(directory_, " still cannot be written"));
  }

  absl::StatusOr<std::optional<std::string>> Get(Table table, absl::string_view key,
                                                 const KvSnapshot* snapshot) const override {
    std::string value;
    const rocksdb::Status status = db_->Get(ReadAt(snapshot), Handle(table), ToSlice(key), &value);
    if (status.IsNotFound()) return std::optional<std::string>();
    SENVEC_RETURN_IF_ERROR(ReadStatus(status));
    return std::optional<std::string>(std::move(value));
  }

  absl::Status MultiRead(Table table, absl::Span<const std::string> keys, const KvSnapshot* snapshot,
                         absl::FunctionRef<absl::Status(size_t, absl::string_view)> take) const override {
    const size_t n = keys.size();
    std::vector<rocksdb::Slice> slices(n);
    for (size_t i = 0; i < n; ++i) slices[i] = ToSlice(keys[i]);
    std::vector<rocksdb::PinnableSlice> values(n);
    std::vector<rocksdb::Status> statuses(n);
    db_->MultiGet(ReadAt(snapshot), Handle(table), n, slices.data(), values.data(), statuses.data());
    for (size_t i = 0; i < n; ++i) {
      if (statuses[i].IsNotFound()) continue;
      SENVEC_RETURN_IF_ERROR(ReadStatus(statuses[i]));
      SENVEC_RETURN_IF_ERROR(take(i, ToView(values[i])));
    }
    return absl::OkStatus();
  }

  std::unique_ptr<KvIterator> Iterate(Table table, const KvSnapshot* snapshot, int64_t readahead) const override {
    rocksdb::ReadOptions options = ReadAt(snapshot);
    options.readahead_size = static_cast<size_t>(readahead);
    options.fill_cache = readahead == 0;
    return std::make_unique<IteratorImpl>(
        std::unique_ptr<rocksdb::Iterator>(db_->NewIterator(options, Handle(table))));
  }

  std::shared_ptr<const KvSnapshot> TakeSnapshot() const override {
    // A store for reading never changes, and has no snapshots.
    if (read_only_) return nullptr;
    return std::make_shared<SnapshotImpl>(db_.get());
  }

  absl::Status Checkpoint(const std::string& directory) const override {
    rocksdb::Checkpoint* checkpoint = nullptr;
    SENVEC_RETURN_IF_ERROR(ToStatus(rocksdb::Checkpoint::Create(db_.get(), &checkpoint), "cannot make a snapshot"));
    const std::unique_ptr<rocksdb::Checkpoint> owned(checkpoint);
    const uint64_t sequence = db_->GetLatestSequenceNumber();
    SENVEC_RETURN_IF_ERROR(
        ToStatus(checkpoint->CreateCheckpoint(directory), absl::StrCat("cannot make a snapshot in ", directory)));
    return SyncMarkFile::Open(directory, {.sequence = sequence}).status();
  }

  absl::Status Flush() override {
    return ToStatus(db_->Flush(rocksdb::FlushOptions(), handles_), absl::StrCat("cannot write to ", directory_));
  }

  absl::Status Pause() override { return ToStatus(db_->PauseBackgroundWork(), "cannot pause"); }
  absl::Status Continue() override { return ToStatus(db_->ContinueBackgroundWork(), "cannot go on"); }
  void Freeze() override {
    // First that, so that what was paused sees it and ends.
    rocksdb::CancelAllBackgroundWork(db_.get(), /*wait=*/false);
    static_cast<void>(db_->ContinueBackgroundWork());
    rocksdb::CancelAllBackgroundWork(db_.get(), /*wait=*/true);
  }

 private:
  rocksdb::ColumnFamilyHandle* Handle(Table table) const { return handles_[static_cast<size_t>(table)]; }

  // log_bytes: what has to be replayed, at most.
  absl::Status OpenTables(const KvOptions& options, int64_t log_bytes) {
    rocksdb::DBOptions db_options;
    db_options.create_if_missing = options.create;
    db_options.create_missing_column_families = options.create;
    db_options.error_if_exists = options.create;
    // Replay ends at the first damage, which CheckLogs() found to be an unfinished write: what is there is what was
    // written up to some moment.
    db_options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    db_options.track_and_verify_wals_in_manifest = true;
    db_options.max_total_wal_size = kMaxLogBytes;
    db_options.db_write_buffer_size = kWriteBufferBytes;
    db_options.max_background_jobs = 2;
    db_options.stats_dump_period_sec = 0;
    db_options.stats_persist_period_sec = 0;
    db_options.info_log = std::make_shared<NoticeLogger>(options.notice);
    db_options.listeners.push_back(listener_);
    cache_ = rocksdb::NewLRUCache(static_cast<size_t>(options.cache_bytes));
    std::vector<rocksdb::ColumnFamilyDescriptor> tables;
    for (int table = 0; table < kNumTables; ++table) {
      tables.emplace_back(kTableNames[table], TableOptions(static_cast<Table>(table), cache_));
    }
    // The library lists the folder before it makes it, and complains to the log when there is none.
    if (options.create) SENVEC_RETURN_IF_ERROR(MakeDirectories(directory_));
    LogReplay replay(log_bytes, options.notice);
    env_ = replay.MakeEnv();
    db_options.env = env_.get();
    rocksdb::DB* db = nullptr;
    const rocksdb::Status status = read_only_
                                       ? rocksdb::DB::OpenForReadOnly(db_options, directory_, tables, &handles_, &db)
                                       : rocksdb::DB::Open(db_options, directory_, tables, &handles_, &db);
    db_.reset(db);
    if (status.ok()) replay.Finish();
    const std::string what = absl::StrCat("cannot open ", directory_);
    const bool is_lost = status.IsInvalidArgument() || status.IsPathNotFound() || status.IsNotFound();
    if (!options.create && is_lost) {
      return absl::DataLossError(absl::StrCat(what, ": ", status.ToString(), "; restore it from a snapshot"));
    }
    return ToStatus(status, what);
  }

  // What the logs alone do not tell is looked up before anything is written, so that lost files can still be put back.
  absl::Status CheckDoubtful(const LogCheck& check, const KvOptions& options) const {
    const bool is_short = check.mark.has_value() && check.last_sequence < check.mark->sequence;
    if (read_only_ || (!check.is_unfinished && !is_short)) return absl::OkStatus();
    RocksStore probe(directory_, /*read_only=*/true);
    KvOptions quiet = options;
    quiet.notice = nullptr;
    SENVEC_RETURN_IF_ERROR(probe.OpenTables(quiet, /*log_bytes=*/0));
    return CheckAgainstMark(directory_, check, probe.db_->GetLatestSequenceNumber());
  }

  absl::Status CheckLog() const {
    if (!listener_->has_log_fault()) return absl::OkStatus();
    return absl::UnavailableError(absl::StrCat(
        "the log in ", directory_, " could not be written; open the collection again once the disk takes writes"));
  }

  // Whether the disk has room for `bytes` in the log and something over.
  absl::Status CheckRoom(uint64_t bytes) const {
    struct statvfs disk;
    if (::statvfs(directory_.c_str(), &disk) != 0) return absl::OkStatus();  // the write itself will tell
    const uint64_t free = uint64_t{disk.f_bavail} * disk.f_frsize;
    const uint64_t needed = kReserveBytes + 2 * bytes;
    if (free >= needed) return absl::OkStatus();
    return absl::ResourceExhaustedError(absl::StrCat("the disk of ", directory_, " has ", free, " bytes free, a write needs ",
                                                     needed, "; make room on the disk"));
  }

  absl::Status ReadStatus(const rocksdb::Status& status) const {
    return ToStatus(status, absl::StrCat("cannot read ", directory_));
  }

  const std::string directory_;
  const bool read_only_;
  const std::shared_ptr<DiskListener> listener_ = std::make_shared<DiskListener>();
  std::unique_ptr<SyncMarkFile> mark_;
  std::shared_ptr<rocksdb::Cache> cache_;
  std::unique_ptr<rocksdb::Env> env_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
  std::unique_ptr<rocksdb::DB> db_;
};

}  // namespace

absl::StatusOr<std::vector<std::optional<std::string>>> KvStore::MultiGet(Table table, absl::Span<const std::string> keys,
                                                                          const KvSnapshot* snapshot) const {
  std::vector<std::optional<std::string>> result(keys.size());
  SENVEC_RETURN_IF_ERROR(MultiRead(table, keys, snapshot, [&](size_t i, absl::string_view value) {
    result[i].emplace(value);
    return absl::OkStatus();
  }));
  return result;
}

absl::StatusOr<std::unique_ptr<KvStore>> KvStore::Open(const std::string& directory, const KvOptions& options) {
  auto store = std::make_unique<RocksStore>(directory, options.read_only);
  SENVEC_RETURN_IF_ERROR(store->OpenDb(options));
  return store;
}

}  // namespace senvec
