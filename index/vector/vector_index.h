#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "index/vector/neighbor.h"
#include "index/vector/row_filter.h"
#include "index/vector/vector_options.h"

namespace senvec {

class ThreadPool;

struct VectorSearchOptions {
  int32_t k = 10;         // [1, 10000]
  int32_t ef_search = 0;  // hnsw: [0, 100000]; 0 = the index's own
  int32_t nprobe = 0;     // ivf: [0, 1048576]; 0 = the index's own
  // Only these rows are returned; null = all. Its num_rows() is at least the index's size().
  const RowFilter* allowed = nullptr;

  absl::Status Validate() const;
};

// Vectors numbered 0 to size() − 1 in the order they came, answering nearest-neighbour queries. What is stored never
// changes: a row is "removed" by a filter that leaves it out.
//
// Thread-safe, without a lock on the search path.
class VectorIndex {
 public:
  virtual ~VectorIndex() = default;

  virtual const VectorIndexOptions& options() const = 0;  // kind is never kAuto
  virtual int64_t size() const = 0;

  // At most options.k neighbours a query, best first, ties by ascending row (Neighbor::id); fewer only when fewer rows
  // are allowed, or when an approximate kind finds no more. queries: n × dim. Scores are those of the rescoring rows.
  // InvalidArgument for options out of range, a size mismatch, or a query that is not finite (or zero, for cosine).
  virtual absl::StatusOr<std::vector<std::vector<Neighbor>>> Search(
      absl::Span<const float> queries, const VectorSearchOptions& options) const = 0;

  // All allowed rows whose score is at least `min_score`, best first, at most options.k of them. Exact kinds find all;
  // others those that their candidates reach, growing ef_search or nprobe while more are found.
  virtual absl::StatusOr<std::vector<Neighbor>> RangeSearch(absl::Span<const float> query, float min_score,
                                                            const VectorSearchOptions& options) const = 0;

  // Copies row `row`, dim values as rescoring keeps them; for cosine its length is 1.
  virtual void Reconstruct(int64_t row, absl::Span<float> out) const = 0;

  // The ids that were given when the index was built, by row, ascending; empty when none were.
  virtual absl::Span<const uint32_t> row_ids() const = 0;

  // Bytes that every search needs in memory (codes, links, lists), and bytes mapped that the system may drop.
  virtual int64_t resident_bytes() const = 0;
  virtual int64_t mapped_bytes() const = 0;
};

// Rows to build an index of. Read() is called from one thread, in any order, more than once.
class RowSource {
 public:
  virtual ~RowSource() = default;
  virtual int64_t num_rows() const = 0;
  // out: count × dim.
  virtual absl::Status Read(int64_t first, int64_t count, absl::Span<float> out) const = 0;
};

struct BuildContext {
  ThreadPool* pool = nullptr;             // null = the calling thread alone
  int64_t memory_bytes = int64_t{1} << 40;  // for kind auto, and for buffers while building
  // Asked now and then with rows done and in total; false stops the build with Cancelled.
  absl::FunctionRef<bool(int64_t, int64_t)> progress;
  absl::Span<const uint32_t> row_ids = {};  // empty, or one a row, ascending
};

// Builds an index of `rows` into the file `path`, atomically, and opens it. InvalidArgument names the row that is not
// finite (or zero, for cosine); Cancelled; a failed write's status, with nothing left behind.
absl::StatusOr<std::unique_ptr<VectorIndex>> BuildVectorIndex(const VectorIndexOptions& options,
                                                              const RowSource& rows, const std::string& path,
                                                              const BuildContext& context);

// Maps what BuildVectorIndex() wrote. NotFound; DataLoss names path and fault, before anything looks at the payload;
// FailedPrecondition for a newer format. `verify`: also reads the file through to check the checksum of its large parts
// (else only of header and tables; every number that is used as a place is bounded anyway).
absl::StatusOr<std::unique_ptr<VectorIndex>> OpenVectorIndex(const std::string& path, bool verify);

// The exact tail of a collection: rows are appended while others search.
//
// One thread appends at a time; any number search. A search sees every row whose Append() returned before it began.
class GrowingIndex : public VectorIndex {
 public:
  // Room for `capacity` rows, taken from the system as they come. options.kind must be kExact.
  static absl::StatusOr<std::unique_ptr<GrowingIndex>> Create(const VectorIndexOptions& options, int64_t capacity);

  // rows: n × dim; returns the number of the first. ResourceExhausted when they do not fit, InvalidArgument as for
  // BuildVectorIndex(); nothing is added then.
  virtual absl::StatusOr<int64_t> Append(absl::Span<const float> rows) = 0;
};

}  // namespace senvec
