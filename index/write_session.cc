#include "index/write_session.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "base/json.h"
#include "base/status_macros.h"
#include "index/filter/posting.h"
#include "index/filter/posting_key.h"

namespace senvec {
namespace {

absl::string_view Bytes(absl::Span<const float> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

// RFC 7396 on a document's metadata.
absl::StatusOr<std::string> Patched(const std::string& metadata_json, absl::string_view patch_json) {
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json patch, ParseJson(patch_json, "the metadata patch"));
  if (!patch.is_object()) return absl::InvalidArgumentError("the metadata patch is no JSON object");
  SENVEC_ASSIGN_OR_RETURN(nlohmann::json metadata,
                          ParseJson(metadata_json.empty() ? "{}" : metadata_json, "the stored metadata"));
  metadata.merge_patch(patch);
  return DumpJson(metadata);
}

}  // namespace

WriteSession::WriteSession(const KvStore& store, const CollectionState& state)
    : store_(store), state_(state), batch_(store.NewBatch()) {}

absl::StatusOr<std::vector<std::optional<RowId>>> WriteSession::LookupRows(absl::Span<const std::string> ids) const {
  std::vector<std::optional<RowId>> rows(ids.size());
  std::vector<std::string> keys;
  std::vector<size_t> places;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (const auto changed = ids_.find(ids[i]); changed != ids_.end()) {
      rows[i] = changed->second;
    } else {
      keys.push_back(ids[i]);
      places.push_back(i);
    }
  }
  if (keys.empty()) return rows;
  SENVEC_ASSIGN_OR_RETURN(const auto stored, store_.MultiGet(Table::kIds, keys, nullptr));
  for (size_t i = 0; i < keys.size(); ++i) {
    if (!stored[i].has_value()) continue;
    rows[places[i]] = ParseRowKey(*stored[i]);
    if (!rows[places[i]].has_value()) {
      return absl::DataLossError(absl::StrCat("id ", DumpJson(keys[i]), " has no row number; restore from a snapshot"));
    }
  }
  return rows;
}

absl::StatusOr<std::vector<std::optional<WriteSession::Found>>> WriteSession::Lookup(
    absl::Span<const std::string> ids) const {
  SENVEC_ASSIGN_OR_RETURN(const auto rows, LookupRows(ids));
  std::vector<std::optional<Found>> found(ids.size());
  std::vector<std::string> keys;
  std::vector<size_t> places;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (!rows[i].has_value()) continue;
    if (const auto changed = records_.find(*rows[i]); changed != records_.end()) {
      SENVEC_ASSIGN_OR_RETURN(Record record, ParseRecord(changed->second, "a document"));
      found[i] = Found{*rows[i], std::move(record)};
    } else {
      keys.push_back(RowKey(*rows[i]));
      places.push_back(i);
    }
  }
  if (keys.empty()) return found;
  SENVEC_ASSIGN_OR_RETURN(const auto stored, store_.MultiGet(Table::kRows, keys, nullptr));
  for (size_t i = 0; i < keys.size(); ++i) {
    const std::string where = absl::StrCat("the document ", DumpJson(ids[places[i]]));
    if (!stored[i].has_value()) return absl::DataLossError(absl::StrCat(where, " is lost; restore from a snapshot"));
    SENVEC_ASSIGN_OR_RETURN(Record record, ParseRecord(*stored[i], where));
    found[places[i]] = Found{*rows[places[i]], std::move(record)};
  }
  return found;
}

absl::StatusOr<std::vector<std::string>> WriteSession::KeysOf(const Record& record) const {
  if (record.metadata_json.empty()) return std::vector<std::string>();
  return PostingKeys(record.metadata_json);
}

void WriteSession::SetPostings(RowId row, absl::Span<const std::string> posting_keys, bool listed) {
  for (const std::string& key : posting_keys) postings_[key].emplace_back(row, listed);
}

void WriteSession::RemoveRow(const Found& found, absl::Span<const std::string> posting_keys) {
  const std::string key = RowKey(found.row);
  batch_->Delete(Table::kRows, key);
  batch_->Delete(Table::kVectors, key);
  records_.erase(found.row);
  SetPostings(found.row, posting_keys, false);
  removed_rows_.push_back(found.row);
}

absl::StatusOr<int64_t> WriteSession::Upsert(const PreparedDocuments& documents) {
  const size_t n = documents.documents.size();
  if (n == 0) return 0;
  if (state_.next_row + static_cast<int64_t>(n) > kMaxRows) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the collection has numbered ", state_.next_row, " rows, of at most ", kMaxRows,
                     "; export it and import it anew"));
  }
  std::vector<std::string> ids;
  ids.reserve(n);
  for (const PreparedDocument& document : documents.documents) ids.push_back(document.id);
  SENVEC_ASSIGN_OR_RETURN(const auto old, Lookup(ids));
  std::vector<std::vector<std::string>> old_keys(n);
  for (size_t i = 0; i < n; ++i) {
    if (!old[i].has_value()) continue;
    SENVEC_ASSIGN_OR_RETURN(old_keys[i], KeysOf(old[i]->record));
  }
  // From here on nothing fails.
  const size_t dim = documents.rows.size() / n;
  int64_t inserted = 0;
  for (size_t i = 0; i < n; ++i) {
    const PreparedDocument& document = documents.documents[i];
    if (old[i].has_value()) RemoveRow(*old[i], old_keys[i]);
    inserted += old[i].has_value() ? 0 : 1;
    const auto row = static_cast<RowId>(state_.next_row++);
    const std::string key = RowKey(row);
    batch_->Put(Table::kIds, document.id, key);
    batch_->Put(Table::kRows, key, document.record);
    batch_->Put(Table::kVectors, key, Bytes(absl::MakeSpan(documents.rows).subspan(i * dim, dim)));
    SetPostings(row, document.posting_keys, true);
    ids_[document.id] = row;
    records_[row] = document.record;
    new_rows_.push_back(row);
  }
  new_vectors_.insert(new_vectors_.end(), documents.rows.begin(), documents.rows.end());
  state_.num_documents += inserted;
  return inserted;
}

absl::StatusOr<int64_t> WriteSession::Delete(absl::Span<const std::string> ids) {
  return DeleteIf(ids, [](const Record&) { return true; });
}

absl::StatusOr<int64_t> WriteSession::DeleteIf(absl::Span<const std::string> ids, Condition condition) {
  std::vector<std::string> distinct(ids.begin(), ids.end());
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  SENVEC_ASSIGN_OR_RETURN(auto found, Lookup(distinct));
  std::vector<std::vector<std::string>> keys(found.size());
  for (size_t i = 0; i < found.size(); ++i) {
    if (found[i].has_value() && !condition(found[i]->record)) found[i].reset();
    if (!found[i].has_value()) continue;
    SENVEC_ASSIGN_OR_RETURN(keys[i], KeysOf(found[i]->record));
  }
  int64_t removed = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    if (!found[i].has_value()) continue;
    RemoveRow(*found[i], keys[i]);
    batch_->Delete(Table::kIds, distinct[i]);
    ids_[distinct[i]] = std::nullopt;
    ++removed;
  }
  state_.num_documents -= removed;
  return removed;
}

absl::Status WriteSession::UpdateMetadata(absl::string_view id, absl::string_view patch_json) {
  const std::string key(id);
  SENVEC_ASSIGN_OR_RETURN(auto found, Lookup({key}));
  if (!found[0].has_value()) return absl::NotFoundError(absl::StrCat("there is no document ", DumpJson(key)));
  Record& record = found[0]->record;
  SENVEC_ASSIGN_OR_RETURN(const std::vector<std::string> old_keys, KeysOf(record));
  SENVEC_ASSIGN_OR_RETURN(record.metadata_json, Patched(record.metadata_json, patch_json));
  SENVEC_ASSIGN_OR_RETURN(const std::vector<std::string> new_keys, KeysOf(record));
  SetPostings(found[0]->row, old_keys, false);
  SetPostings(found[0]->row, new_keys, true);
  records_[found[0]->row] = SerializeRecord(record);
  batch_->Put(Table::kRows, RowKey(found[0]->row), records_[found[0]->row]);
  changed_rows_.push_back(found[0]->row);
  return absl::OkStatus();
}

void WriteSession::SetNote(absl::string_view key, absl::string_view value) {
  batch_->Put(Table::kMeta, absl::StrCat(kNotePrefix, key), value);
}

std::unique_ptr<KvBatch> WriteSession::Finish() {
  for (auto& [key, changes] : postings_) {
    // The last word on a row counts.
    std::stable_sort(changes.begin(), changes.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<RowId> added, removed;
    for (size_t i = 0; i < changes.size(); ++i) {
      if (i + 1 < changes.size() && changes[i + 1].first == changes[i].first) continue;
      (changes[i].second ? added : removed).push_back(changes[i].first);
    }
    if (!removed.empty()) batch_->Merge(Table::kPostings, key, RemoveOperand(removed));
    if (!added.empty()) batch_->Merge(Table::kPostings, key, AddOperand(added));
  }
  if (!removed_rows_.empty()) batch_->Merge(Table::kMeta, kRemovedKey, AddOperand(removed_rows_));
  batch_->Put(Table::kMeta, kStateKey, SerializeState(state_));
  return std::move(batch_);
}

}  // namespace senvec
