#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "index/kv_store.h"
#include "index/row_key.h"
#include "index/vector/vector_index.h"

namespace senvec {

// The stored vectors of some rows, in ascending order, for building an index of them.
class StoredRows : public RowSource {
 public:
  // `store` outlives it; a null snapshot reads the present.
  StoredRows(const KvStore& store, std::shared_ptr<const KvSnapshot> snapshot, std::vector<RowId> ids, size_t dim)
      : store_(store), snapshot_(std::move(snapshot)), ids_(std::move(ids)), dim_(dim) {}

  int64_t num_rows() const override { return static_cast<int64_t>(ids_.size()); }
  absl::Span<const RowId> ids() const { return ids_; }
  // DataLoss names a row that is lost.
  absl::Status Read(int64_t first, int64_t count, absl::Span<float> out) const override;

 private:
  const KvStore& store_;
  const std::shared_ptr<const KvSnapshot> snapshot_;
  const std::vector<RowId> ids_;
  const size_t dim_;
  // Kept between calls that follow each other.
  mutable std::unique_ptr<KvIterator> walk_;
};

// A stored vector's `dim` values; DataLoss when the bytes are not that many.
absl::Status DecodeVector(RowId row, absl::string_view bytes, absl::Span<float> out);

}  // namespace senvec
