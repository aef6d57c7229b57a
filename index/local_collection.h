#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "index/catalog.h"
#include "index/collection.h"
#include "index/collection_file.h"
#include "index/directory_lock.h"
#include "index/hub_column.h"
#include "index/kv_store.h"
#include "index/merge_plan.h"
#include "index/record_cache.h"
#include "index/segment_folder.h"
#include "index/view.h"
#include "index/view_parts.h"
#include "index/write_queue.h"

namespace senvec {

// A collection in a folder (docs/formats.md): documents, vectors and inverted lists in a KvStore, indexes of the vectors
// in files beside it, the newest rows in memory.
//
// A write goes to the store first; then the view that searches take is replaced. Indexes can always be built again from
// the store. Locks, in the order they are taken: build_mutex_, hubs_mutex_, the line of queue_, files_mutex_, view_mutex_.
class LocalCollection : public Collection {
 public:
  // How large the newest rows may grow before an index of them is built; small in tests. 1,024 rows of 384 values are
  // compared in the time that a graph takes.
  struct Tuning {
    int64_t tail_rows = 1024;
    int64_t max_waiting_rows = 262144;  // in memory; writers wait for the index then
    // Indexes up to here are read through while opening, larger ones afterwards in the background.
    int64_t verify_bytes = 32 << 20;
  };

  static absl::StatusOr<std::unique_ptr<LocalCollection>> CreateIn(const std::string& directory,
                                                                   const CollectionOptions& options,
                                                                   const CollectionRuntime& runtime,
                                                                   const Tuning& tuning);
  static absl::StatusOr<std::unique_ptr<LocalCollection>> OpenIn(const std::string& directory, bool for_reading,
                                                                 const CollectionRuntime& runtime,
                                                                 const Tuning& tuning);
  ~LocalCollection() override;

  const CollectionOptions& options() const override { return file_.options; }
  int64_t size() const override { return CurrentView()->num_documents; }
  absl::StatusOr<CollectionStats> Stats() const override;

  absl::StatusOr<int64_t> Upsert(absl::Span<const Document> documents, const WriteOptions& options) override;
  absl::StatusOr<int64_t> Delete(absl::Span<const std::string> ids, const WriteOptions& options) override;
  absl::StatusOr<int64_t> DeleteMatching(const std::string& filter, const WriteOptions& options) override;
  absl::Status UpdateMetadata(absl::string_view id, absl::string_view patch_json,
                              const WriteOptions& options) override;
  absl::StatusOr<std::vector<std::optional<Document>>> Get(absl::Span<const std::string> ids,
                                                           bool with_vectors) const override;
  absl::StatusOr<std::vector<Document>> Scan(const ScanOptions& options) const override;
  absl::StatusOr<int64_t> Count(const std::string& filter) const override;
  absl::StatusOr<std::vector<std::vector<Hit>>> Search(absl::Span<const float> queries,
                                                       const SearchOptions& options) const override;
  absl::StatusOr<std::string> Note(absl::string_view key) const override;
  absl::Status Optimize(absl::FunctionRef<bool(int64_t, int64_t)> progress) override;
  absl::Status Snapshot(const std::string& directory) const override;
  absl::Status Retire(const std::string& new_directory) override;

 private:
  LocalCollection(std::string directory, bool read_only, CollectionFile file, const CollectionRuntime& runtime,
                  const Tuning& tuning);

  // local_collection_open.cc
  absl::Status Start(std::unique_ptr<DirectoryLock> lock, bool is_new);
  absl::Status LoadCatalog();
  absl::Status LoadSegments(std::vector<ViewPart>& parts);
  absl::StatusOr<std::vector<RowId>> RowsWithoutSegment() const;
  absl::Status IndexRowsAtOnce(const StoredRows& rows, std::vector<ViewPart>& parts);
  absl::Status LoadTail(std::vector<ViewPart>& parts);
  int64_t BuildMemory() const;
  void Notice(absl::string_view message) const;

  // local_collection_write.cc
  absl::Status Write(const WriteOptions& options, absl::FunctionRef<absl::Status(WriteSession&)> stage);
  void PerformWrites(absl::Span<PendingWrite* const> writes);
  absl::Status CheckWritable();
  absl::Status WaitForRoom();
  absl::StatusOr<std::vector<Tail>> MakeTails(int64_t num_rows) const;
  void Show(const WriteSession& session, std::vector<Tail> tails);
  // Replaces the view that searches take; `parts` belong to the state of the store as it is now.
  void Publish(std::vector<ViewPart> parts);
  std::shared_ptr<const View> CurrentView() const;

  // local_collection_read.cc
  absl::Status LostRow(RowId row) const;
  // What a table has for each row, in order; DataLoss where it has nothing. See KvStore::MultiRead().
  absl::Status ReadRows(Table table, const View& view, absl::Span<const RowId> rows,
                        absl::FunctionRef<absl::Status(size_t, absl::string_view)> take) const;
  absl::StatusOr<std::vector<Document>> DocumentsOf(const View& view, absl::Span<const RowId> rows,
                                                    bool with_vectors) const;
  // The same without vectors, through the cache.
  absl::StatusOr<std::vector<Document>> DocumentsFound(const View& view, absl::Span<const RowId> rows) const;

  // local_collection_build.cc
  void Maintain();
  void ScrubSegments();
  std::optional<MergePlan> NextPlan(bool is_idle) const;
  absl::Status BuildParts(const View& view, const MergePlan& plan, ThreadPool* pool,
                          absl::FunctionRef<bool(int64_t, int64_t)> progress);
  absl::Status Install(const View& view, const MergePlan& plan, int64_t file_number,
                       const SegmentFolder::Segment* segment);
  absl::Status BuildOne(absl::FunctionRef<bool(int64_t, int64_t)> progress);
  absl::Status BuildUnshown(absl::FunctionRef<bool(int64_t, int64_t)> progress);
  absl::Status BuildStored(absl::FunctionRef<bool(int64_t, int64_t)> progress);
  void FreezeTail();
  void StartMaintenance();
  void StopMaintenance();

  static void YieldToSearches();

  // local_collection_hubs.cc
  absl::Status LoadHubs();
  absl::Status UpdateHubs(absl::FunctionRef<bool()> go_on);
  void MaintainHubs();
  void CorrectHubs(int32_t k, std::vector<RowHit>& hits) const;

  // local_collection_snapshot.cc
  absl::Status CopyInto(const std::string& directory) const;

  const std::string directory_;
  const bool read_only_;
  const CollectionFile file_;
  const CollectionRuntime runtime_;
  const Tuning tuning_;
  const SegmentFolder segment_folder_;
  std::unique_ptr<DirectoryLock> lock_;
  std::unique_ptr<KvStore> store_;

  mutable Mutex build_mutex_;  // one build at a time
  Mutex hubs_mutex_;           // one update of hubs_ at a time
  std::unique_ptr<HubColumn> hubs_;  // null without hub_correction
  mutable WriteQueue queue_;
  // Belong to the front of queue_'s line.
  CollectionState state_;
  Tail tail_;
  absl::Status write_fault_;
  bool is_retired_ = false;
  int64_t records_version_ = 0;

  mutable RecordCache records_;  // of what searches found

  mutable Mutex files_mutex_;  // segments_ and the files it names; held while a snapshot copies them
  SegmentList segments_ ABSL_GUARDED_BY(files_mutex_);

  mutable Mutex view_mutex_;
  std::shared_ptr<const View> view_ ABSL_GUARDED_BY(view_mutex_);
  std::string read_only_reason_ ABSL_GUARDED_BY(view_mutex_);
  absl::Status build_fault_ ABSL_GUARDED_BY(view_mutex_);
  int64_t num_publishes_ ABSL_GUARDED_BY(view_mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(view_mutex_) = false;
  std::thread maintenance_;
  std::thread hub_maintenance_;
};

}  // namespace senvec
