#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "base/mutex.h"
#include "index/collection.h"
#include "index/kv_store.h"
#include "index/row_key.h"
#include "index/vector/vector_index.h"

namespace senvec {

// Bits of an index's rows, r in word r / 64.
using RowWords = std::shared_ptr<const std::vector<uint64_t>>;

// One index of a view, and which of its rows count.
struct ViewPart {
  std::shared_ptr<const VectorIndex> index;
  // Keeps `ids` alive where the index does not.
  std::shared_ptr<const void> ids_owner;
  absl::Span<const RowId> ids;  // by row of the index, ascending; rows past them are too new for this view
  RowWords live;                // null = all
  int64_t live_count = 0;
  bool frozen = false;          // nothing is appended any more
  std::string file;             // of a segment; empty for rows in memory

  // The row of the index that holds `id`, or -1.
  int64_t Find(RowId id) const;
};

class View;

// Which rows of each part a filter matches.
struct FilterRows {
  std::vector<RowWords> words;  // by part; live rows only, never null
  std::vector<int64_t> counts;
  int64_t total = 0;

  bool Contains(const View& view, RowId row) const;
};

struct RowHit {
  RowId row = 0;
  float score = 0;
};

// What a collection holds at one moment. Immutable but for a cache of filters; a search takes the newest view and is
// not disturbed by what is written meanwhile.
//
// Thread-safe.
class View {
 public:
  std::vector<ViewPart> parts;  // in ascending order of rows
  std::shared_ptr<const KvSnapshot> snapshot;
  int64_t next_row = 0;
  int64_t num_documents = 0;
  int64_t records_version = 0;  // see RecordCache

  // The part that holds `row` and its place there, when it is live; null else.
  const ViewPart* Find(RowId row, int64_t* local) const;

  // InvalidArgument for a filter that does not parse.
  absl::StatusOr<std::shared_ptr<const FilterRows>> Filtered(const std::string& filter, const KvStore& store) const;

  // queries: n × dim. Best first, ties by ascending row.
  absl::StatusOr<std::vector<std::vector<RowHit>>> Search(absl::Span<const float> queries, size_t dim,
                                                          const SearchOptions& options, const KvStore& store) const;

 private:
  absl::StatusOr<std::vector<std::vector<Neighbor>>> SearchPart(const ViewPart& part, absl::Span<const float> queries,
                                                                size_t dim, const SearchOptions& options,
                                                                const RowFilter* allowed) const;

  mutable Mutex mutex_;
  mutable std::map<std::string, std::shared_ptr<const FilterRows>> filters_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace senvec
