#include "index/record_cache.h"

namespace senvec {

// What list, map and allocator add to a record's bytes.
int64_t RecordCache::Cost(const Entry& entry) { return 96 + static_cast<int64_t>(entry.record.size()); }

void RecordCache::Erase(Shard& shard, RowId row) {
  const auto place = shard.places.find(row);
  if (place == shard.places.end()) return;
  shard.bytes -= Cost(*place->second);
  shard.entries.erase(place->second);
  shard.places.erase(place);
}

bool RecordCache::Read(RowId row, int64_t version, absl::FunctionRef<void(absl::string_view)> take) {
  Shard& shard = ShardOf(row);
  MutexLock lock(&shard.mutex);
  if (shard.version != version) return false;
  const auto place = shard.places.find(row);
  if (place == shard.places.end()) return false;
  shard.entries.splice(shard.entries.begin(), shard.entries, place->second);
  take(place->second->record);
  return true;
}

void RecordCache::Insert(RowId row, int64_t version, absl::string_view record) {
  Shard& shard = ShardOf(row);
  MutexLock lock(&shard.mutex);
  if (shard.version != version) return;
  Erase(shard, row);
  shard.entries.push_front({row, std::string(record)});
  shard.places[row] = shard.entries.begin();
  shard.bytes += Cost(shard.entries.front());
  while (shard.bytes > max_shard_bytes_) Erase(shard, shard.entries.back().row);
}

void RecordCache::Advance(int64_t version, absl::Span<const RowId> changed) {
  for (size_t s = 0; s < kNumShards; ++s) {
    MutexLock lock(&shards_[s].mutex);
    for (RowId row : changed) {
      if (row % kNumShards == s) Erase(shards_[s], row);
    }
    shards_[s].version = version;
  }
}

}  // namespace senvec
