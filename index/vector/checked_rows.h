#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "index/vector/vector_index.h"

namespace senvec {

// Rows as every kind of index keeps them: of length 1 for cosine, else as they came. In place. InvalidArgument names
// the first row, counted from `first`, that is not finite, zero for cosine, longer than 1e18 for the other metrics, so
// that no score overflows, or that half floats cannot hold where rescoring is fp16.
absl::Status CheckRows(const VectorIndexOptions& options, absl::string_view what, int64_t first, absl::Span<float> rows);

// The same for queries, n × dim. InvalidArgument, too, where options are out of range or sizes do not fit.
absl::StatusOr<std::vector<float>> CheckedQueries(const VectorIndexOptions& index, int64_t num_rows,
                                                  absl::Span<const float> queries, const VectorSearchOptions& options);

// The same for the one query of a range search; min_score must be a number.
absl::StatusOr<std::vector<float>> CheckedRangeQuery(const VectorIndexOptions& index, int64_t num_rows,
                                                     absl::Span<const float> query, float min_score,
                                                     const VectorSearchOptions& options);

inline constexpr float kNoFloor = -std::numeric_limits<float>::infinity();

}  // namespace senvec
