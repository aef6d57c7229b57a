#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/status_macros.h"
#include "index/local_collection.h"
#include "index/row_reader.h"

namespace senvec {
namespace {

constexpr absl::Duration kIdleAfter = absl::Seconds(2);
constexpr absl::Duration kRetryAfter = absl::Seconds(5);

// Where a view has `part`, or -1.
int64_t PlaceOf(const View& view, const ViewPart& part) {
  const auto found = std::find_if(view.parts.begin(), view.parts.end(),
                                  [&](const ViewPart& other) { return other.index == part.index; });
  return found == view.parts.end() ? -1 : found - view.parts.begin();
}

}  // namespace

// Searches come first: on Linux a niceness belongs to a thread. With 10 instead of 19 the slowest searches took half as
// long again while rows came in.
void LocalCollection::YieldToSearches() {
  static_cast<void>(setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), 19));
}

LocalCollection::~LocalCollection() {
  StopMaintenance();
  // Snapshots of the store go before it.
  MutexLock lock(&view_mutex_);
  view_.reset();
}

void LocalCollection::StartMaintenance() {
  {
    MutexLock lock(&view_mutex_);
    stopping_ = false;
  }
  if (read_only_ || !runtime_.background_indexing) return;
  maintenance_ = std::thread([this] { Maintain(); });
  if (hubs_ != nullptr) hub_maintenance_ = std::thread([this] { MaintainHubs(); });
}

void LocalCollection::StopMaintenance() {
  {
    MutexLock lock(&view_mutex_);
    stopping_ = true;
  }
  if (maintenance_.joinable()) maintenance_.join();
  if (hub_maintenance_.joinable()) hub_maintenance_.join();
}

std::optional<MergePlan> LocalCollection::NextPlan(bool is_idle) const {
  const std::shared_ptr<const View> view = CurrentView();
  std::vector<PartSize> sizes;
  for (const ViewPart& part : view->parts) {
    sizes.push_back({static_cast<int64_t>(part.ids.size()), part.live_count, !part.file.empty(), part.frozen});
  }
  return PlanMerge(sizes, is_idle);
}

void LocalCollection::Maintain() {
  YieldToSearches();
  ScrubSegments();
  int64_t seen = -1;
  bool is_idle = false;
  for (;;) {
    if (const std::optional<MergePlan> plan = NextPlan(is_idle)) {
      absl::Status built;
      {
        MutexLock build_lock(&build_mutex_);
        // Somebody else may have built while we waited.
        if (NextPlan(is_idle) != plan) continue;
        built = BuildParts(*CurrentView(), *plan, nullptr, [this](int64_t, int64_t) {
          MutexLock lock(&view_mutex_);
          return !stopping_;
        });
      }
      MutexLock lock(&view_mutex_);
      if (stopping_) return;
      if (!built.ok()) Notice(absl::StrCat("cannot build an index: ", built.message()));
      build_fault_ = built;
      if (!built.ok()) view_mutex_.AwaitFor([this] { return stopping_; }, kRetryAfter);
      if (stopping_) return;
      continue;
    }
    MutexLock lock(&view_mutex_);
    is_idle = !view_mutex_.AwaitFor([&] { return stopping_ || num_publishes_ != seen; }, kIdleAfter);
    if (stopping_) return;
    seen = num_publishes_;
  }
}

// Reads every index through once: opening checked no more than heads and tables, so as to be quick.
void LocalCollection::ScrubSegments() {
  const auto go_on = [this](int64_t, int64_t) {
    MutexLock lock(&view_mutex_);
    return !stopping_;
  };
  const std::shared_ptr<const View> opened = CurrentView();
  for (const ViewPart& part : opened->parts) {
    if (part.file.empty()) continue;
    if (!go_on(0, 0)) return;
    const absl::Status checked = OpenVectorIndex(segment_folder_.Path(part.file), /*verify=*/true).status();
    if (checked.ok()) continue;
    MutexLock build_lock(&build_mutex_);
    const std::shared_ptr<const View> view = CurrentView();
    const int64_t place = PlaceOf(*view, part);
    if (place < 0) continue;  // merged meanwhile
    Notice(absl::StrCat("an index is damaged and is built again: ", checked.message()));
    const absl::Status built = BuildParts(*view, {place, place + 1}, nullptr, go_on);
    if (!built.ok()) Notice(absl::StrCat("cannot build an index: ", built.message()));
  }
}

absl::Status LocalCollection::BuildParts(const View& view, const MergePlan& plan, ThreadPool* pool,
                                         absl::FunctionRef<bool(int64_t, int64_t)> progress) {
  std::vector<RowId> ids;
  for (int64_t p = plan.begin; p < plan.end; ++p) AppendLiveRows(view.parts[static_cast<size_t>(p)], ids);
  int64_t file_number = 0;
  {
    MutexLock lock(&files_mutex_);
    file_number = segments_.next_file++;
  }
  if (ids.empty()) return Install(view, plan, file_number, nullptr);
  const StoredRows rows(*store_, view.snapshot, std::move(ids), static_cast<size_t>(file_.options.index.dim));
  const BuildContext context{.pool = pool, .memory_bytes = BuildMemory(), .progress = progress};
  SENVEC_ASSIGN_OR_RETURN(const SegmentFolder::Segment segment, segment_folder_.Build(file_number, rows, context));
  return Install(view, plan, file_number, &segment);
}

// Puts a segment (or nothing) in place of the parts that `plan` names in `view`. In the newest view they may have moved,
// and more of their rows may be gone.
absl::Status LocalCollection::Install(const View& view, const MergePlan& plan, int64_t file_number,
                                      const SegmentFolder::Segment* segment) {
  absl::Status status;
  queue_.Exclusively([&] {
    const std::shared_ptr<const View> now = CurrentView();
    // Only who holds build_mutex_ moves parts that are frozen.
    const auto begin = now->parts.begin() + PlaceOf(*now, view.parts[static_cast<size_t>(plan.begin)]);
    const auto end = begin + (plan.end - plan.begin);
    std::vector<RowId> live;
    for (auto part = begin; part != end; ++part) AppendLiveRows(*part, live);
    std::vector<ViewPart> parts(now->parts.begin(), begin);
    if (segment != nullptr) parts.push_back(PartOf(segment->index, segment->entry.file, live));
    parts.insert(parts.end(), end, now->parts.end());

    MutexLock lock(&files_mutex_);
    SegmentList list = segments_;
    list.segments.clear();
    for (const ViewPart& part : parts) {
      const auto same_file = [&](const SegmentEntry& entry) { return entry.file == part.file; };
      const auto known = std::find_if(segments_.segments.begin(), segments_.segments.end(), same_file);
      if (known != segments_.segments.end()) list.segments.push_back(*known);
      if (segment != nullptr && part.file == segment->entry.file) list.segments.push_back(segment->entry);
    }
    // Rows of the parts are in a segment now, or gone.
    const ViewPart& last = *(end - 1);
    if (!last.ids.empty()) list.indexed_end = std::max(list.indexed_end, int64_t{last.ids.back()} + 1);
    const auto batch = store_->NewBatch();
    batch->Put(Table::kMeta, kSegmentsKey, SerializeSegments(list));
    status = store_->Write(*batch, /*sync=*/true);
    if (!status.ok()) {
      if (segment != nullptr) segment_folder_.Remove(segment->entry.file);
      return;
    }
    std::vector<std::string> replaced;
    for (auto part = begin; part != end; ++part) {
      if (!part->file.empty()) replaced.push_back(part->file);
    }
    segments_ = std::move(list);
    Publish(std::move(parts));
    for (const std::string& file : replaced) segment_folder_.Remove(file);
  });
  return status;
}

void LocalCollection::FreezeTail() {
  queue_.Exclusively([&] {
    std::vector<ViewPart> parts = CurrentView()->parts;
    if (parts.empty() || parts.back().frozen) return;
    parts.back().frozen = true;
    tail_ = {};
    Publish(std::move(parts));
  });
}

// Rows that were never shown: of all that the store has one index is made, and writers wait for it.
absl::Status LocalCollection::BuildUnshown(absl::FunctionRef<bool(int64_t, int64_t)> progress) {
  absl::Status status;
  queue_.Exclusively([&] { status = BuildStored(progress); });
  return status;
}

absl::Status LocalCollection::BuildStored(absl::FunctionRef<bool(int64_t, int64_t)> progress) {
  SENVEC_ASSIGN_OR_RETURN(const std::vector<RowId> unindexed, RowsWithoutSegment());
  const std::shared_ptr<const View> view = CurrentView();
  const bool is_one = view->parts.empty() || (view->parts.size() == 1 && view->parts[0].live == nullptr);
  if (unindexed.empty() && is_one) return absl::OkStatus();
  std::vector<RowId> ids;
  for (const ViewPart& part : view->parts) AppendLiveRows(part, ids);
  ids.insert(ids.end(), unindexed.begin(), unindexed.end());
  MutexLock lock(&files_mutex_);
  SegmentList list;
  list.next_file = segments_.next_file + 1;
  list.indexed_end = std::max(segments_.indexed_end, ids.empty() ? 0 : int64_t{ids.back()} + 1);
  std::vector<ViewPart> parts;
  if (!ids.empty()) {
    const StoredRows rows(*store_, nullptr, ids, static_cast<size_t>(file_.options.index.dim));
    const BuildContext context{.pool = runtime_.pool, .memory_bytes = BuildMemory(), .progress = progress};
    SENVEC_ASSIGN_OR_RETURN(const auto segment, segment_folder_.Build(segments_.next_file, rows, context));
    list.segments.push_back(segment.entry);
    parts.push_back(PartOf(segment.index, segment.entry.file, ids));
  }
  const auto batch = store_->NewBatch();
  batch->Put(Table::kMeta, kSegmentsKey, SerializeSegments(list));
  SENVEC_RETURN_IF_ERROR(store_->Write(*batch, /*sync=*/true));
  SENVEC_RETURN_IF_ERROR(store_->Flush());
  segments_ = std::move(list);
  Publish(std::move(parts));
  segment_folder_.RemoveUnlisted(segments_);
  return absl::OkStatus();
}

absl::Status LocalCollection::Optimize(absl::FunctionRef<bool(int64_t, int64_t)> progress) {
  SENVEC_RETURN_IF_ERROR(CheckWritable());
  {
    MutexLock build_lock(&build_mutex_);
    SENVEC_RETURN_IF_ERROR(BuildOne(progress));
  }
  if (hubs_ == nullptr) return absl::OkStatus();
  return UpdateHubs([&] { return progress(size(), size()); });
}

absl::Status LocalCollection::BuildOne(absl::FunctionRef<bool(int64_t, int64_t)> progress) {
  if (!runtime_.background_indexing) return BuildUnshown(progress);
  FreezeTail();
  const std::shared_ptr<const View> view = CurrentView();
  int64_t num_frozen = 0;
  while (num_frozen < static_cast<int64_t>(view->parts.size()) && view->parts[static_cast<size_t>(num_frozen)].frozen) {
    ++num_frozen;
  }
  const bool is_done = num_frozen == 0 || (num_frozen == 1 && !view->parts[0].file.empty() && view->parts[0].live == nullptr);
  if (is_done) return absl::OkStatus();
  return BuildParts(*view, {0, num_frozen}, runtime_.pool, progress);
}

}  // namespace senvec
