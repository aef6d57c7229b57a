#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "index/vector/vector_options.h"
#include "index/vector/neighbor.h"

namespace senvec {

// A set of (id, vector) pairs answering nearest-neighbour queries.
//
// Safe for concurrent Search(); Add() and Remove() need external exclusion against everything else.
class MutableIndex {
 public:
  virtual ~MutableIndex() = default;
  static absl::StatusOr<std::unique_ptr<MutableIndex>> Create(const VectorIndexOptions& options);
  // Reads what Save() wrote. DataLoss names path and what is wrong (length, checksum) before any vendor code sees a
  // byte; FailedPrecondition for a newer format version; InvalidArgument when it does not fit `options`.
  static absl::StatusOr<std::unique_ptr<MutableIndex>> Open(const std::string& path);

  virtual const VectorIndexOptions& options() const = 0;
  virtual int64_t size() const = 0;

  // rows: ids.size() × dim, row-major. InvalidArgument on a size mismatch, a value that is not finite, or, for
  // cosine, a zero vector (its position is named); AlreadyExists on a known or repeated id. On any error the index
  // is unchanged.
  virtual absl::Status Add(absl::Span<const int64_t> ids, absl::Span<const float> rows) = 0;
  // Unknown ids are ignored; returns how many were removed.
  virtual int64_t Remove(absl::Span<const int64_t> ids) = 0;

  // Copies the vector that is stored under `id`, dim values; for cosine its length is 1. False for an unknown id.
  virtual bool Reconstruct(int64_t id, absl::Span<float> out) const = 0;

  // At most k neighbours a query, best first, ties by ascending id; fewer only when the index holds fewer.
  // queries: n × dim. InvalidArgument for k < 1, a size mismatch, or a query that is not finite (or zero, for
  // cosine).
  virtual absl::StatusOr<std::vector<std::vector<Neighbor>>> Search(absl::Span<const float> queries,
                                                                    int32_t k) const = 0;
  // Writes atomically: our header (magic, format version, kind, length, checksum) around the payload.
  virtual absl::Status Save(const std::string& path) const = 0;
};

}  // namespace senvec
