#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "index/view.h"

namespace senvec {

// Rows in memory before an index of them is built: a growing index, and their numbers.
struct Tail {
  std::shared_ptr<GrowingIndex> index;
  std::shared_ptr<RowId[]> ids;
  int64_t capacity = 0;

  static absl::StatusOr<Tail> Create(const VectorIndexOptions& options, int64_t capacity);
};

// Writes rows into the last part's index, which must be `tail`'s and have room for them; they count in `parts` alone,
// not in earlier copies of it. vectors: rows.size() × dim.
absl::Status AppendToTail(const Tail& tail, absl::Span<const RowId> rows, absl::Span<const float> vectors,
                          std::vector<ViewPart>& parts);

// A part without rows yet.
ViewPart PartOf(const Tail& tail);
// All rows of `index` but those not in `live`, which lists row numbers in ascending order.
ViewPart PartOf(std::shared_ptr<const VectorIndex> index, std::string file, absl::Span<const RowId> live);

// Takes live rows out; other copies of `parts` keep them. Unknown rows are ignored.
void RemoveRows(absl::Span<const RowId> rows, std::vector<ViewPart>& parts);

// The live rows, ascending.
void AppendLiveRows(const ViewPart& part, std::vector<RowId>& rows);

}  // namespace senvec
