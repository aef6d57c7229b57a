#include <algorithm>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/file.h"
#include "base/memory_budget.h"
#include "base/status_macros.h"
#include "index/filter/bitmap.h"
#include "index/filter/posting.h"
#include "index/local_collection.h"
#include "index/row_reader.h"

namespace senvec {
namespace {

constexpr char kSegmentFolder[] = "segments";
// Rows without an index that are compared one by one after opening; more are built into one first.
constexpr int64_t kMaxRowsToLoad = 65536;

std::string NewUuid() {
  std::random_device random;
  std::string uuid;
  for (int i = 0; i < 4; ++i) absl::StrAppendFormat(&uuid, "%08x", random());
  return uuid;
}

// The rows that are no more.
absl::StatusOr<Bitmap> RemovedRows(const KvStore& store) {
  SENVEC_ASSIGN_OR_RETURN(const auto bytes, store.Get(Table::kMeta, kRemovedKey, nullptr));
  if (!bytes.has_value()) return Bitmap();
  absl::StatusOr<Bitmap> removed = DecodePosting(*bytes);
  if (removed.ok()) return removed;
  return absl::DataLossError(absl::StrCat("the list of removed rows is damaged: ", removed.status().message(),
                                          "; restore the collection from a snapshot"));
}

// Live rows of an index.
std::vector<RowId> LiveIds(const VectorIndex& index, const Bitmap& removed) {
  std::vector<RowId> live;
  live.reserve(index.row_ids().size());
  for (RowId id : index.row_ids()) {
    if (!removed.Contains(id)) live.push_back(id);
  }
  return live;
}

}  // namespace

LocalCollection::LocalCollection(std::string directory, bool read_only, CollectionFile file,
                                 const CollectionRuntime& runtime, const Tuning& tuning)
    : directory_(std::move(directory)),
      read_only_(read_only),
      file_(std::move(file)),
      runtime_(runtime),
      tuning_(tuning),
      segment_folder_(JoinPath(directory_, kSegmentFolder), file_.options.index),
      records_(runtime.cache_bytes / 2) {}

int64_t LocalCollection::BuildMemory() const {
  return runtime_.build_memory_bytes > 0 ? runtime_.build_memory_bytes : UsableMemory() / 2;
}

void LocalCollection::Notice(absl::string_view message) const {
  if (runtime_.notice != nullptr) runtime_.notice(absl::StrCat(file_.options.name, ": ", message));
}

absl::StatusOr<std::unique_ptr<LocalCollection>> LocalCollection::CreateIn(const std::string& directory,
                                                                           const CollectionOptions& options,
                                                                           const CollectionRuntime& runtime,
                                                                           const Tuning& tuning) {
  SENVEC_RETURN_IF_ERROR(options.Validate());
  SENVEC_RETURN_IF_ERROR(MakeDirectories(directory));
  const std::string path = JoinPath(directory, kCollectionFileName);
  if (FileExists(path)) {
    return absl::AlreadyExistsError(absl::StrCat("there is a collection in ", directory, " already"));
  }
  SENVEC_ASSIGN_OR_RETURN(auto lock, DirectoryLock::Acquire(directory));
  CollectionFile file{options, NewUuid()};
  std::unique_ptr<LocalCollection> collection(new LocalCollection(directory, false, file, runtime, tuning));
  SENVEC_RETURN_IF_ERROR(MakeDirectories(collection->segment_folder_.directory()));
  SENVEC_RETURN_IF_ERROR(collection->Start(std::move(lock), /*is_new=*/true));
  // The file that makes the folder a collection comes last.
  SENVEC_RETURN_IF_ERROR(WriteFileAtomically(path, SerializeCollectionFile(file)));
  return collection;
}

absl::StatusOr<std::unique_ptr<LocalCollection>> LocalCollection::OpenIn(const std::string& directory,
                                                                         bool for_reading,
                                                                         const CollectionRuntime& runtime,
                                                                         const Tuning& tuning) {
  const std::string path = JoinPath(directory, kCollectionFileName);
  if (FileExists(JoinPath(directory, "MANIFEST.json")) && !FileExists(path)) {
    return absl::FailedPreconditionError(absl::StrCat(
        directory, " holds a collection of an earlier format; build it again from its documents"));
  }
  if (!FileExists(path)) {
    return absl::NotFoundError(absl::StrCat("there is no collection in ", directory, " (no ", kCollectionFileName,
                                            "); `senvec index build` makes one"));
  }
  SENVEC_ASSIGN_OR_RETURN(auto lock,
                          for_reading ? DirectoryLock::AcquireShared(directory) : DirectoryLock::Acquire(directory));
  SENVEC_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  SENVEC_ASSIGN_OR_RETURN(CollectionFile file, ParseCollectionFile(text, path));
  std::unique_ptr<LocalCollection> collection(
      new LocalCollection(directory, for_reading, std::move(file), runtime, tuning));
  SENVEC_RETURN_IF_ERROR(collection->Start(std::move(lock), /*is_new=*/false));
  return collection;
}

absl::Status LocalCollection::Start(std::unique_ptr<DirectoryLock> lock, bool is_new) {
  lock_ = std::move(lock);
  KvOptions options;
  options.create = is_new;
  options.read_only = read_only_;
  options.cache_bytes = runtime_.cache_bytes - runtime_.cache_bytes / 2;
  options.notice = [this](absl::string_view message) { Notice(message); };
  SENVEC_ASSIGN_OR_RETURN(store_, KvStore::Open(JoinPath(directory_, StoreFolder(file_)), options));
  if (is_new) {
    state_.uuid = file_.uuid;
    const auto batch = store_->NewBatch();
    batch->Put(Table::kMeta, kStateKey, SerializeState(state_));
    batch->Put(Table::kMeta, kSegmentsKey, SerializeSegments(SegmentList()));
    SENVEC_RETURN_IF_ERROR(store_->Write(*batch, /*sync=*/true));
  }
  SENVEC_RETURN_IF_ERROR(LoadCatalog());
  std::vector<ViewPart> parts;
  SENVEC_RETURN_IF_ERROR(LoadSegments(parts));
  SENVEC_RETURN_IF_ERROR(LoadTail(parts));
  int64_t live = 0;
  for (const ViewPart& part : parts) live += part.live_count;
  if (live != state_.num_documents && (runtime_.background_indexing || read_only_)) {
    return absl::DataLossError(absl::StrCat(directory_, " has ", live, " vectors for ", state_.num_documents,
                                            " documents; restore it from a snapshot"));
  }
  Publish(std::move(parts));
  SENVEC_RETURN_IF_ERROR(LoadHubs());
  StartMaintenance();
  return absl::OkStatus();
}

absl::Status LocalCollection::LoadCatalog() {
  const std::string where = JoinPath(directory_, StoreFolder(file_));
  SENVEC_ASSIGN_OR_RETURN(const auto state, store_->Get(Table::kMeta, kStateKey, nullptr));
  SENVEC_ASSIGN_OR_RETURN(const auto segments, store_->Get(Table::kMeta, kSegmentsKey, nullptr));
  if (!state.has_value() || !segments.has_value()) {
    return absl::DataLossError(absl::StrCat(where, " does not say what it holds; restore it from a snapshot"));
  }
  SENVEC_ASSIGN_OR_RETURN(state_, ParseState(*state, where));
  if (state_.uuid != file_.uuid) {
    return absl::DataLossError(absl::StrCat(where, " belongs to another collection than ", kCollectionFileName,
                                            " beside it; put the folder's own files back"));
  }
  MutexLock lock(&files_mutex_);
  SENVEC_ASSIGN_OR_RETURN(segments_, ParseSegments(*segments, where));
  return absl::OkStatus();
}

// A segment that is lost or damaged is left out, with all that follow: their rows are built anew.
absl::Status LocalCollection::LoadSegments(std::vector<ViewPart>& parts) {
  SENVEC_ASSIGN_OR_RETURN(const Bitmap removed, RemovedRows(*store_));
  MutexLock lock(&files_mutex_);
  SegmentList good = segments_;
  for (size_t i = 0; i < segments_.segments.size(); ++i) {
    const SegmentEntry& entry = segments_.segments[i];
    absl::StatusOr<std::shared_ptr<const VectorIndex>> index = segment_folder_.Open(entry, tuning_.verify_bytes);
    if (index.ok()) {
      const std::vector<RowId> live = LiveIds(**index, removed);
      parts.push_back(PartOf(*std::move(index), entry.file, live));
      continue;
    }
    // One of a newer format is not damaged: nothing is thrown away.
    if (absl::IsFailedPrecondition(index.status())) return index.status();
    if (read_only_) {
      return absl::FailedPreconditionError(absl::StrCat(
          "an index is damaged: ", index.status().message(), "; open the collection for writing once to build it again"));
    }
    Notice(absl::StrCat("an index is damaged and will be built again: ", index.status().message()));
    good.segments.resize(i);
    good.indexed_end = parts.empty() ? 0 : int64_t{parts.back().ids.back()} + 1;
    break;
  }
  if (read_only_) return absl::OkStatus();
  if (!(good == segments_)) {
    const auto batch = store_->NewBatch();
    batch->Put(Table::kMeta, kSegmentsKey, SerializeSegments(good));
    SENVEC_RETURN_IF_ERROR(store_->Write(*batch, /*sync=*/true));
    segments_ = good;
  }
  segment_folder_.RemoveUnlisted(segments_);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<RowId>> LocalCollection::RowsWithoutSegment() const {
  int64_t indexed_end = 0;
  {
    MutexLock lock(&files_mutex_);
    indexed_end = segments_.indexed_end;
  }
  std::vector<RowId> rows;
  if (indexed_end >= kMaxRows) return rows;
  const auto walk = store_->Iterate(Table::kRows, nullptr, 4 << 20);
  for (walk->Seek(RowKey(static_cast<RowId>(indexed_end))); walk->Valid(); walk->Next()) {
    const std::optional<RowId> row = ParseRowKey(walk->key());
    if (!row.has_value()) return absl::DataLossError(absl::StrCat(directory_, ": a row has no number"));
    rows.push_back(*row);
  }
  SENVEC_RETURN_IF_ERROR(walk->status());
  return rows;
}

absl::Status LocalCollection::IndexRowsAtOnce(const StoredRows& rows, std::vector<ViewPart>& parts) {
  Notice(absl::StrCat("building an index of ", rows.num_rows(), " rows that have none"));
  MutexLock lock(&files_mutex_);
  int64_t told = 0;
  const auto tell = [&](int64_t done, int64_t total) {
    if (done * 10 / total > told) Notice(absl::StrCat(++told * 10, " % are indexed"));
    return true;
  };
  const BuildContext context{.pool = runtime_.pool, .memory_bytes = BuildMemory(), .progress = tell};
  SENVEC_ASSIGN_OR_RETURN(const auto segment, segment_folder_.Build(segments_.next_file, rows, context));
  SegmentList list = segments_;
  ++list.next_file;
  list.segments.push_back(segment.entry);
  list.indexed_end = int64_t{rows.ids().back()} + 1;
  const auto batch = store_->NewBatch();
  batch->Put(Table::kMeta, kSegmentsKey, SerializeSegments(list));
  SENVEC_RETURN_IF_ERROR(store_->Write(*batch, /*sync=*/true));
  segments_ = list;
  parts.push_back(PartOf(segment.index, segment.entry.file, rows.ids()));
  return absl::OkStatus();
}

absl::Status LocalCollection::LoadTail(std::vector<ViewPart>& parts) {
  if (!runtime_.background_indexing && !read_only_) return absl::OkStatus();
  SENVEC_ASSIGN_OR_RETURN(std::vector<RowId> ids, RowsWithoutSegment());
  const auto dim = static_cast<size_t>(file_.options.index.dim);
  const StoredRows rows(*store_, nullptr, std::move(ids), dim);
  if (!read_only_ && rows.num_rows() > kMaxRowsToLoad) {
    const absl::Status indexed = IndexRowsAtOnce(rows, parts);
    if (indexed.ok()) return absl::OkStatus();
    // A full disk, say: they are answered from memory, and the background tries again.
    Notice(absl::StrCat("they stay without one for now: ", indexed.message()));
  }
  std::vector<float> vectors;
  for (int64_t first = 0; first < rows.num_rows(); first += tuning_.tail_rows) {
    const int64_t count = std::min(tuning_.tail_rows, rows.num_rows() - first);
    vectors.resize(static_cast<size_t>(count) * dim);
    SENVEC_RETURN_IF_ERROR(rows.Read(first, count, absl::MakeSpan(vectors)));
    if (!parts.empty()) parts.back().frozen = true;
    SENVEC_ASSIGN_OR_RETURN(tail_, Tail::Create(file_.options.index, tuning_.tail_rows));
    parts.push_back(PartOf(tail_));
    SENVEC_RETURN_IF_ERROR(AppendToTail(
        tail_, rows.ids().subspan(static_cast<size_t>(first), static_cast<size_t>(count)), vectors, parts));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Collection>> Collection::Create(const std::string& directory,
                                                               const CollectionOptions& options,
                                                               const CollectionRuntime& runtime) {
  return LocalCollection::CreateIn(directory, options, runtime, {});
}

absl::StatusOr<std::unique_ptr<Collection>> Collection::Open(const std::string& directory,
                                                             const CollectionRuntime& runtime) {
  return LocalCollection::OpenIn(directory, /*for_reading=*/false, runtime, {});
}

absl::StatusOr<std::unique_ptr<Collection>> Collection::OpenForReading(const std::string& directory,
                                                                       const CollectionRuntime& runtime) {
  return LocalCollection::OpenIn(directory, /*for_reading=*/true, runtime, {});
}

}  // namespace senvec
