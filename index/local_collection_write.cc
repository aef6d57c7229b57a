#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "index/document_check.h"
#include "index/filter/filter.h"
#include "index/local_collection.h"
#include "index/write_session.h"

namespace senvec {
namespace {

constexpr size_t kMaxNoteKeyBytes = 64;
constexpr size_t kDeleteStep = 10000;

absl::Status CheckNotes(const WriteOptions& options) {
  for (const auto& [key, value] : options.notes) {
    if (!key.empty() && key.size() <= kMaxNoteKeyBytes) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("a note's key has ", key.size(), " bytes; 1 to ", kMaxNoteKeyBytes, " are allowed"));
  }
  return absl::OkStatus();
}

}  // namespace

std::shared_ptr<const View> LocalCollection::CurrentView() const {
  MutexLock lock(&view_mutex_);
  return view_;
}

void LocalCollection::Publish(std::vector<ViewPart> parts) {
  auto view = std::make_shared<View>();
  view->parts = std::move(parts);
  view->snapshot = store_->TakeSnapshot();
  view->next_row = state_.next_row;
  view->num_documents = state_.num_documents;
  view->records_version = records_version_;
  std::shared_ptr<const View> old;  // freed outside the lock
  MutexLock lock(&view_mutex_);
  old = std::exchange(view_, std::move(view));
  ++num_publishes_;
}

absl::Status LocalCollection::CheckWritable() {
  if (read_only_) {
    return absl::FailedPreconditionError(
        absl::StrCat(directory_, " was opened for reading; open it for writing to change it"));
  }
  MutexLock lock(&view_mutex_);
  if (stopping_) return absl::FailedPreconditionError("the collection was dropped");
  return absl::OkStatus();
}

// Rows that wait for an index cost memory and make searches slow: past a limit, writers wait with them.
absl::Status LocalCollection::WaitForRoom() {
  if (!runtime_.background_indexing) return absl::OkStatus();
  MutexLock lock(&view_mutex_);
  const auto is_room = [&] {
    int64_t waiting = 0;
    for (const ViewPart& part : view_->parts) waiting += part.file.empty() ? part.live_count : 0;
    return waiting <= tuning_.max_waiting_rows || stopping_;
  };
  view_mutex_.Await([&] { return is_room() || !build_fault_.ok(); });
  if (is_room()) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      tuning_.max_waiting_rows, " rows wait for an index, which cannot be built: ", build_fault_.message()));
}

absl::Status LocalCollection::Write(const WriteOptions& options,
                                    absl::FunctionRef<absl::Status(WriteSession&)> stage) {
  SENVEC_RETURN_IF_ERROR(CheckWritable());
  SENVEC_RETURN_IF_ERROR(CheckNotes(options));
  SENVEC_RETURN_IF_ERROR(WaitForRoom());
  const auto with_notes = [&](WriteSession& session) {
    SENVEC_RETURN_IF_ERROR(stage(session));
    for (const auto& [key, value] : options.notes) session.SetNote(key, value);
    return absl::OkStatus();
  };
  PendingWrite write{with_notes, options.durable};
  return queue_.Submit(write, [this](absl::Span<PendingWrite* const> writes) { PerformWrites(writes); });
}

absl::StatusOr<std::vector<Tail>> LocalCollection::MakeTails(int64_t num_rows) const {
  std::vector<Tail> tails;
  if (!runtime_.background_indexing) return tails;
  const int64_t room = tail_.index == nullptr ? 0 : tail_.capacity - tail_.index->size();
  for (int64_t missing = num_rows - room; missing > 0; missing -= tuning_.tail_rows) {
    SENVEC_ASSIGN_OR_RETURN(tails.emplace_back(), Tail::Create(file_.options.index, tuning_.tail_rows));
  }
  return tails;
}

void LocalCollection::PerformWrites(absl::Span<PendingWrite* const> writes) {
  const auto fail = [&](const absl::Status& status) {
    for (PendingWrite* write : writes) {
      if (write->result.ok()) write->result = status;
    }
  };
  if (is_retired_) return fail(absl::FailedPreconditionError("the collection was dropped"));
  if (!write_fault_.ok()) {
    write_fault_ = store_->Resume();
    MutexLock lock(&view_mutex_);
    read_only_reason_ = std::string(write_fault_.message());
  }
  if (!write_fault_.ok()) return fail(write_fault_);
  WriteSession session(*store_, state_);
  bool durable = false;
  for (PendingWrite* write : writes) {
    write->result = write->stage(session);
    durable = durable || (write->result.ok() && write->durable);
  }
  // What may fail comes before the write, so that what is written is also seen.
  absl::StatusOr<std::vector<Tail>> tails = MakeTails(static_cast<int64_t>(session.new_rows().size()));
  if (!tails.ok()) return fail(tails.status());
  const std::unique_ptr<KvBatch> batch = session.Finish();
  // Even after a failure its row numbers are not used again: the log may hold half of it.
  state_.next_row = session.state().next_row;
  if (absl::Status written = store_->Write(*batch, durable); !written.ok()) {
    write_fault_ = written;
    MutexLock lock(&view_mutex_);
    read_only_reason_ = std::string(written.message());
    return fail(written);
  }
  state_ = session.state();
  Show(session, *std::move(tails));
}

void LocalCollection::Show(const WriteSession& session, std::vector<Tail> tails) {
  std::vector<ViewPart> parts = CurrentView()->parts;
  absl::Span<const RowId> rows = session.new_rows();
  absl::Span<const float> vectors = session.new_vectors();
  const auto dim = static_cast<size_t>(file_.options.index.dim);
  size_t next_tail = 0;
  while (runtime_.background_indexing && !rows.empty()) {
    const int64_t room = tail_.index == nullptr ? 0 : tail_.capacity - tail_.index->size();
    if (room == 0) {
      if (!parts.empty()) parts.back().frozen = true;
      tail_ = std::move(tails[next_tail++]);
      parts.push_back(PartOf(tail_));
      continue;
    }
    const size_t count = std::min(rows.size(), static_cast<size_t>(room));
    // The rows were checked and the room was there.
    SENVEC_CHECK(AppendToTail(tail_, rows.first(count), vectors.first(count * dim), parts).ok());
    rows.remove_prefix(count);
    vectors.remove_prefix(count * dim);
  }
  RemoveRows(session.removed_rows(), parts);
  const bool is_changed = !session.changed_rows().empty();
  if (is_changed) ++records_version_;
  Publish(std::move(parts));
  if (is_changed) records_.Advance(records_version_, session.changed_rows());
}

absl::StatusOr<int64_t> LocalCollection::Upsert(absl::Span<const Document> documents, const WriteOptions& options) {
  SENVEC_RETURN_IF_ERROR(CheckWritable());
  SENVEC_ASSIGN_OR_RETURN(const PreparedDocuments prepared, PrepareDocuments(documents, file_.options.index));
  int64_t inserted = 0;
  SENVEC_RETURN_IF_ERROR(Write(options, [&](WriteSession& session) {
    SENVEC_ASSIGN_OR_RETURN(inserted, session.Upsert(prepared));
    return absl::OkStatus();
  }));
  return inserted;
}

absl::StatusOr<int64_t> LocalCollection::Delete(absl::Span<const std::string> ids, const WriteOptions& options) {
  int64_t removed = 0;
  SENVEC_RETURN_IF_ERROR(Write(options, [&](WriteSession& session) {
    SENVEC_ASSIGN_OR_RETURN(removed, session.Delete(ids));
    return absl::OkStatus();
  }));
  return removed;
}

absl::StatusOr<int64_t> LocalCollection::DeleteMatching(const std::string& filter, const WriteOptions& options) {
  SENVEC_ASSIGN_OR_RETURN(const Filter parsed, Filter::Parse(filter));
  SENVEC_RETURN_IF_ERROR(CheckWritable());
  const std::shared_ptr<const View> view = CurrentView();
  SENVEC_ASSIGN_OR_RETURN(const auto matched, view->Filtered(filter, *store_));
  std::vector<RowId> rows;
  for (size_t p = 0; p < view->parts.size(); ++p) {
    ViewPart part = view->parts[p];
    part.live = matched->words[p];
    AppendLiveRows(part, rows);
  }
  // A document may have changed since the view was taken: asked again when it is removed.
  const auto still_matches = [&](const Record& record) {
    const auto matches = parsed.Matches(record.metadata_json);
    return matches.ok() && *matches;
  };
  int64_t removed = 0;
  for (absl::Span<const RowId> left = rows; !left.empty(); left.remove_prefix(std::min(left.size(), kDeleteStep))) {
    SENVEC_ASSIGN_OR_RETURN(const auto documents, DocumentsOf(*view, left.first(std::min(left.size(), kDeleteStep)), false));
    std::vector<std::string> ids;
    for (const Document& document : documents) ids.push_back(document.id);
    SENVEC_RETURN_IF_ERROR(Write(options, [&](WriteSession& session) {
      SENVEC_ASSIGN_OR_RETURN(const int64_t count, session.DeleteIf(ids, still_matches));
      removed += count;
      return absl::OkStatus();
    }));
  }
  return removed;
}

absl::Status LocalCollection::UpdateMetadata(absl::string_view id, absl::string_view patch_json,
                                             const WriteOptions& options) {
  return Write(options, [&](WriteSession& session) { return session.UpdateMetadata(id, patch_json); });
}

}  // namespace senvec
