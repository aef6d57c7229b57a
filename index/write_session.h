#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "index/catalog.h"
#include "index/document_check.h"
#include "index/kv_store.h"
#include "index/record.h"
#include "index/row_key.h"

namespace senvec {

// The changes of one or several calls, which will be written together. A call that fails leaves nothing here; later
// calls see what earlier ones changed.
class WriteSession {
 public:
  // `state` as of the last write; `store` outlives the session.
  WriteSession(const KvStore& store, const CollectionState& state);

  // Returns how many were new. ResourceExhausted when the collection's row numbers are used up.
  absl::StatusOr<int64_t> Upsert(const PreparedDocuments& documents);
  // Removes those of `ids` that exist and whose record passes `condition` (null = all); returns how many.
  using Condition = absl::FunctionRef<bool(const Record&)>;
  absl::StatusOr<int64_t> Delete(absl::Span<const std::string> ids);
  absl::StatusOr<int64_t> DeleteIf(absl::Span<const std::string> ids, Condition condition);
  // NotFound; InvalidArgument for a patch that is no JSON object.
  absl::Status UpdateMetadata(absl::string_view id, absl::string_view patch_json);
  void SetNote(absl::string_view key, absl::string_view value);

  // All changes, the state and the bitmap of removed rows included. Call once, at the end.
  std::unique_ptr<KvBatch> Finish();

  const CollectionState& state() const { return state_; }
  absl::Span<const RowId> new_rows() const { return new_rows_; }  // ascending
  absl::Span<const float> new_vectors() const { return new_vectors_; }  // new_rows().size() × dim
  absl::Span<const RowId> removed_rows() const { return removed_rows_; }
  absl::Span<const RowId> changed_rows() const { return changed_rows_; }  // whose record is another one now

 private:
  struct Found {
    RowId row;
    Record record;
  };
  absl::StatusOr<std::vector<std::optional<Found>>> Lookup(absl::Span<const std::string> ids) const;
  absl::StatusOr<std::vector<std::optional<RowId>>> LookupRows(absl::Span<const std::string> ids) const;
  absl::StatusOr<std::vector<std::string>> KeysOf(const Record& record) const;
  void RemoveRow(const Found& found, absl::Span<const std::string> posting_keys);
  void SetPostings(RowId row, absl::Span<const std::string> posting_keys, bool listed);

  const KvStore& store_;
  CollectionState state_;
  std::unique_ptr<KvBatch> batch_;
  // What differs from the store: nullopt = removed.
  absl::flat_hash_map<std::string, std::optional<RowId>> ids_;
  absl::flat_hash_map<RowId, std::string> records_;
  absl::flat_hash_map<std::string, std::vector<std::pair<RowId, bool>>> postings_;
  std::vector<RowId> new_rows_;
  std::vector<float> new_vectors_;
  std::vector<RowId> removed_rows_;
  std::vector<RowId> changed_rows_;
};

}  // namespace senvec
