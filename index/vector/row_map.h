#pragma once

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "index/vector/mutable_index.h"

namespace senvec {

// Which row holds which id. Rows are numbered as they are added; kDead marks one whose id was removed.
class RowMap {
 public:
  static constexpr int64_t kDead = -1;

  int64_t live() const { return static_cast<int64_t>(rows_.size()); }
  int64_t total() const { return static_cast<int64_t>(ids_.size()); }
  int64_t dead() const { return total() - live(); }
  const std::vector<int64_t>& ids() const { return ids_; }  // by row
  int64_t IdAt(int64_t row) const { return ids_[row]; }
  // -1 for an unknown id.
  int64_t RowOf(int64_t id) const;

  // AlreadyExists for a known or repeated id, InvalidArgument for a negative one; its position is named.
  absl::Status CheckNew(absl::Span<const int64_t> ids) const;
  // Makes room for `count` more, so that appending them cannot run out of memory.
  void Reserve(size_t count);
  // The ids must have passed CheckNew().
  void Append(absl::Span<const int64_t> ids);
  // Marks the row dead; false when the id is unknown.
  bool Kill(int64_t id);
  // Moves the last row into `row` and drops the last one.
  void MoveLastInto(int64_t row);
  // From what was saved; false when an id occurs twice or is below kDead.
  bool Assign(std::vector<int64_t> ids);

 private:
  std::vector<int64_t> ids_;
  absl::flat_hash_map<int64_t, int64_t> rows_;
};

// What every kind of index asks of new rows: a fitting size, finite values and, for cosine, no zero vector.
// Returns the rows as they are stored: of length 1 for cosine.
absl::StatusOr<std::vector<float>> PrepareRows(const VectorIndexOptions& options, absl::Span<const float> rows,
                                               size_t num_rows, absl::string_view what);

}  // namespace senvec
