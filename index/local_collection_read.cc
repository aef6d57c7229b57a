#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/json.h"
#include "base/status_macros.h"
#include "index/local_collection.h"
#include "index/record.h"
#include "index/row_reader.h"

namespace senvec {
namespace {

absl::Status ToDocument(absl::string_view bytes, RowId row, Document& document) {
  SENVEC_ASSIGN_OR_RETURN(Record record, ParseRecord(bytes, absl::StrCat("row ", row)));
  document.id = std::move(record.id);
  document.group = std::move(record.group);
  document.text = std::move(record.text);
  document.metadata_json = std::move(record.metadata_json);
  return absl::OkStatus();
}

Hit ToHit(Document&& document, float score) {
  return {std::move(document.id), score, std::move(document.text), std::move(document.metadata_json),
          std::move(document.group)};
}

int64_t DiskBytes(const std::string& directory) {
  int64_t bytes = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory, error)) {
    if (entry.is_regular_file(error)) bytes += static_cast<int64_t>(entry.file_size(error));
  }
  return bytes;
}

}  // namespace

absl::Status LocalCollection::LostRow(RowId row) const {
  return absl::DataLossError(absl::StrCat("row ", row, " of ", directory_, " is lost; restore it from a snapshot"));
}

absl::Status LocalCollection::ReadRows(Table table, const View& view, absl::Span<const RowId> rows,
                                       absl::FunctionRef<absl::Status(size_t, absl::string_view)> take) const {
  std::vector<std::string> keys;
  keys.reserve(rows.size());
  for (RowId row : rows) keys.push_back(RowKey(row));
  // What is read comes in order: the first that does not come next is lost.
  size_t num_read = 0;
  SENVEC_RETURN_IF_ERROR(store_->MultiRead(table, keys, view.snapshot.get(),
                                           [&](size_t i, absl::string_view bytes) -> absl::Status {
                                             if (i != num_read) return LostRow(rows[num_read]);
                                             ++num_read;
                                             return take(i, bytes);
                                           }));
  return num_read < rows.size() ? LostRow(rows[num_read]) : absl::OkStatus();
}

absl::StatusOr<std::vector<Document>> LocalCollection::DocumentsOf(const View& view, absl::Span<const RowId> rows,
                                                                   bool with_vectors) const {
  std::vector<Document> documents(rows.size());
  SENVEC_RETURN_IF_ERROR(ReadRows(Table::kRows, view, rows, [&](size_t i, absl::string_view bytes) {
    return ToDocument(bytes, rows[i], documents[i]);
  }));
  if (!with_vectors) return documents;
  SENVEC_RETURN_IF_ERROR(ReadRows(Table::kVectors, view, rows, [&](size_t i, absl::string_view bytes) {
    documents[i].vector.resize(static_cast<size_t>(file_.options.index.dim));
    return DecodeVector(rows[i], bytes, absl::MakeSpan(documents[i].vector));
  }));
  return documents;
}

absl::StatusOr<std::vector<Document>> LocalCollection::DocumentsFound(const View& view,
                                                                      absl::Span<const RowId> rows) const {
  std::vector<Document> documents(rows.size());
  std::vector<RowId> missing;
  std::vector<size_t> places;  // of the missing
  for (size_t i = 0; i < rows.size(); ++i) {
    // What is in the cache was parsed before.
    const bool is_there = records_.Read(rows[i], view.records_version, [&](absl::string_view bytes) {
      SENVEC_CHECK(ToDocument(bytes, rows[i], documents[i]).ok());
    });
    if (is_there) continue;
    missing.push_back(rows[i]);
    places.push_back(i);
  }
  if (missing.empty()) return documents;
  SENVEC_RETURN_IF_ERROR(ReadRows(Table::kRows, view, missing, [&](size_t i, absl::string_view bytes) {
    const absl::Status taken = ToDocument(bytes, missing[i], documents[places[i]]);
    if (taken.ok()) records_.Insert(missing[i], view.records_version, bytes);
    return taken;
  }));
  return documents;
}

absl::StatusOr<std::vector<std::optional<Document>>> LocalCollection::Get(absl::Span<const std::string> ids,
                                                                          bool with_vectors) const {
  const std::shared_ptr<const View> view = CurrentView();
  SENVEC_ASSIGN_OR_RETURN(const auto found, store_->MultiGet(Table::kIds, ids, view->snapshot.get()));
  std::vector<RowId> rows;
  std::vector<size_t> places;
  for (size_t i = 0; i < ids.size(); ++i) {
    const std::optional<RowId> row = found[i].has_value() ? ParseRowKey(*found[i]) : std::nullopt;
    if (!row.has_value()) continue;
    rows.push_back(*row);
    places.push_back(i);
  }
  SENVEC_ASSIGN_OR_RETURN(auto documents, DocumentsOf(*view, rows, with_vectors));
  std::vector<std::optional<Document>> result(ids.size());
  for (size_t i = 0; i < places.size(); ++i) result[places[i]] = std::move(documents[i]);
  return result;
}

absl::StatusOr<std::vector<Document>> LocalCollection::Scan(const ScanOptions& options) const {
  SENVEC_RETURN_IF_ERROR(options.Validate());
  const std::shared_ptr<const View> view = CurrentView();
  std::shared_ptr<const FilterRows> filtered;
  if (!options.filter.empty()) {
    SENVEC_ASSIGN_OR_RETURN(filtered, view->Filtered(options.filter, *store_));
  }
  std::vector<RowId> rows;
  const auto walk = store_->Iterate(Table::kIds, view->snapshot.get(), 0);
  // The first key after the id that was given.
  for (walk->Seek(options.after_id.empty() ? "" : absl::StrCat(options.after_id, absl::string_view("\0", 1)));
       walk->Valid() && rows.size() < static_cast<size_t>(options.limit); walk->Next()) {
    const std::optional<RowId> row = ParseRowKey(walk->value());
    if (!row.has_value()) return absl::DataLossError(absl::StrCat(directory_, ": an id has no row"));
    if (filtered == nullptr || filtered->Contains(*view, *row)) rows.push_back(*row);
  }
  SENVEC_RETURN_IF_ERROR(walk->status());
  return DocumentsOf(*view, rows, options.with_vectors);
}

absl::StatusOr<int64_t> LocalCollection::Count(const std::string& filter) const {
  const std::shared_ptr<const View> view = CurrentView();
  if (filter.empty()) return view->num_documents;
  SENVEC_ASSIGN_OR_RETURN(const auto filtered, view->Filtered(filter, *store_));
  return filtered->total;
}

absl::StatusOr<std::vector<std::vector<Hit>>> LocalCollection::Search(absl::Span<const float> queries,
                                                                      const SearchOptions& options) const {
  SENVEC_RETURN_IF_ERROR(options.Validate());
  const auto dim = static_cast<size_t>(file_.options.index.dim);
  if (queries.size() % dim != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(queries.size(), " values are no whole number of queries of ", dim));
  }
  if (!read_only_ && !runtime_.background_indexing) {
    return absl::FailedPreconditionError("the collection was opened to be built; open it again to search it");
  }
  if (options.correct_hubs && hubs_ == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat("collection \"", file_.options.name, "\" keeps no hub corrections; "
                                                      "make it anew with hub_correction (--hub-correction)"));
  }
  const std::shared_ptr<const View> view = CurrentView();
  SearchOptions by_score = options;
  if (options.correct_hubs) by_score.k = std::max(options.k, options.hub_candidates);
  SENVEC_ASSIGN_OR_RETURN(auto found, view->Search(queries, dim, by_score, *store_));
  if (options.correct_hubs) {
    for (std::vector<RowHit>& hits : found) CorrectHubs(options.k, hits);
  }
  // All queries' documents in one read, each once.
  std::vector<RowId> rows;
  for (const std::vector<RowHit>& hits : found) {
    for (const RowHit& hit : hits) rows.push_back(hit.row);
  }
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  SENVEC_ASSIGN_OR_RETURN(auto documents, DocumentsFound(*view, rows));
  std::vector<std::vector<Hit>> results(found.size());
  for (size_t q = 0; q < found.size(); ++q) {
    results[q].reserve(found[q].size());
    for (const RowHit& hit : found[q]) {
      const auto place = std::lower_bound(rows.begin(), rows.end(), hit.row) - rows.begin();
      // One query finds each document once.
      if (found.size() == 1) {
        results[q].push_back(ToHit(std::move(documents[static_cast<size_t>(place)]), hit.score));
      } else {
        results[q].push_back(ToHit(Document(documents[static_cast<size_t>(place)]), hit.score));
      }
    }
  }
  return results;
}

absl::StatusOr<std::string> LocalCollection::Note(absl::string_view key) const {
  SENVEC_ASSIGN_OR_RETURN(auto note, store_->Get(Table::kMeta, absl::StrCat(kNotePrefix, key), nullptr));
  if (!note.has_value()) return absl::NotFoundError(absl::StrCat("there is no note ", DumpJson(std::string(key))));
  return *std::move(note);
}

absl::StatusOr<CollectionStats> LocalCollection::Stats() const {
  const std::shared_ptr<const View> view = CurrentView();
  CollectionStats stats;
  stats.num_documents = view->num_documents;
  for (const ViewPart& part : view->parts) {
    if (part.file.empty()) {
      stats.num_unindexed += part.live_count;
    } else {
      ++stats.num_segments;
      stats.num_removed_rows += static_cast<int64_t>(part.ids.size()) - part.live_count;
    }
    stats.resident_bytes += part.index->resident_bytes();
    stats.mapped_bytes += part.index->mapped_bytes();
  }
  stats.disk_bytes = DiskBytes(directory_);
  if (hubs_ != nullptr) {
    std::vector<RowId> rows;
    for (const ViewPart& part : view->parts) AppendLiveRows(part, rows);
    stats.num_uncorrected = hubs_->CountMissing(rows);
  }
  MutexLock lock(&view_mutex_);
  stats.read_only_reason = read_only_ ? "opened for reading" : read_only_reason_;
  stats.read_only = !stats.read_only_reason.empty();
  return stats;
}

}  // namespace senvec
