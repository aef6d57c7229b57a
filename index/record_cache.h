#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "base/mutex.h"
#include "index/row_key.h"

namespace senvec {

// Records that searches found lately, so that finding them again costs no search in the store's blocks. A row's record
// changes seldom (its metadata are updated): each such change makes a new version of all records, and a reader who still
// looks at an older one finds nothing here. Forgets what was not read for longest.
//
// Thread-safe.
class RecordCache {
 public:
  // Keeps about `max_bytes` at most, its own lists included; 0 = nothing.
  explicit RecordCache(int64_t max_bytes) : max_shard_bytes_(max_bytes / kNumShards) {}
  RecordCache(const RecordCache&) = delete;
  RecordCache& operator=(const RecordCache&) = delete;

  // Whether the row's record of this version is here; then `take` was given it, which lives for the call. `take` is
  // called with a lock held.
  bool Read(RowId row, int64_t version, absl::FunctionRef<void(absl::string_view)> take);
  // Nothing happens where the cache is of another version.
  void Insert(RowId row, int64_t version, absl::string_view record);
  // From now on the cache is of `version`, which is higher than all before; the records of `changed` are other ones.
  // The first version is 0.
  void Advance(int64_t version, absl::Span<const RowId> changed);

 private:
  static constexpr size_t kNumShards = 16;

  struct Entry {
    RowId row;
    std::string record;
  };
  struct Shard {
    Mutex mutex;
    int64_t version ABSL_GUARDED_BY(mutex) = 0;
    int64_t bytes ABSL_GUARDED_BY(mutex) = 0;
    std::list<Entry> entries ABSL_GUARDED_BY(mutex);  // the last read first
    absl::flat_hash_map<RowId, std::list<Entry>::iterator> places ABSL_GUARDED_BY(mutex);
  };

  static int64_t Cost(const Entry& entry);
  static void Erase(Shard& shard, RowId row) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  Shard& ShardOf(RowId row) { return shards_[row % kNumShards]; }

  const int64_t max_shard_bytes_;
  std::array<Shard, kNumShards> shards_;
};

}  // namespace senvec
