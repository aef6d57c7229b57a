#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "base/mutex.h"
#include "index/kv_store.h"
#include "index/view.h"
#include "scoring/hub_corrections.h"

namespace senvec {

// r(y) of a collection's rows: the mean cosine with the 10 nearest others, which CSLS takes off (docs/scoring.md). Lists
// of neighbours are kept in the store, the means in memory.
//
// Update() is called by one thread at a time; the rest is thread-safe.
class HubColumn {
 public:
  static constexpr int32_t kNeighbors = 10;

  // Reads what the store has. Lists that are damaged are left out, and made again by Update(). `store` outlives it.
  static absl::StatusOr<std::unique_ptr<HubColumn>> Load(const KvStore& store, int32_t dim);

  // Makes the column one of the view's rows. Cancelled when `go_on` says no. `write` is called with changes that go
  // together. After an error the next call begins with what the store has.
  using Write = absl::FunctionRef<absl::Status(KvBatch&)>;
  absl::Status Update(const View& view, absl::FunctionRef<bool()> go_on, Write write);

  // Of each row; of rows that were not compared yet the mean of all that were. out: rows.size().
  void Means(absl::Span<const RowId> rows, absl::Span<float> out) const;
  // How many of the rows were not compared yet.
  int64_t CountMissing(absl::Span<const RowId> rows) const;

 private:
  HubColumn(const KvStore& store, int32_t dim) : store_(store), dim_(dim) {}
  absl::Status LoadTable();
  absl::Status Bring(const View& view, absl::FunctionRef<bool()> go_on, Write write);
  absl::Status Save(const HubCorrections::Changes& changes, Write write) const;
  void Show(const HubCorrections::Changes& changes);

  const KvStore& store_;
  const int32_t dim_;
  std::unique_ptr<HubCorrections> table_;  // null after an error

  mutable Mutex mutex_;
  absl::flat_hash_map<RowId, float> means_ ABSL_GUARDED_BY(mutex_);
  double sum_ ABSL_GUARDED_BY(mutex_) = 0;  // of means_
};

}  // namespace senvec
