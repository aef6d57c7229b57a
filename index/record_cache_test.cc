#include "index/record_cache.h"

#include <gmock/gmock.h>

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"

namespace senvec {
namespace {

std::optional<std::string> Read(RecordCache& cache, RowId row, int64_t version = 0) {
  std::optional<std::string> result;
  cache.Read(row, version, [&](absl::string_view record) { result.emplace(record); });
  return result;
}

TEST(RecordCacheTest, GivesWhatWasInsertedLast) {
  RecordCache cache(1 << 20);
  EXPECT_EQ(Read(cache, 1), std::nullopt);
  cache.Insert(1, 0, "a");
  cache.Insert(17, 0, "b");
  cache.Insert(1, 0, "c");
  EXPECT_EQ(Read(cache, 1), "c");
  EXPECT_EQ(Read(cache, 17), "b");
}

TEST(RecordCacheTest, ForgetsWhatWasNotReadForLongest) {
  RecordCache cache(16 * 10 * (96 + 100));  // ten records in a shard
  const std::string record(100, 'x');
  for (RowId i = 0; i < 10; ++i) cache.Insert(16 * i, 0, record);
  EXPECT_TRUE(Read(cache, 0).has_value());
  cache.Insert(16 * 10, 0, record);
  EXPECT_TRUE(Read(cache, 0).has_value());
  EXPECT_FALSE(Read(cache, 16).has_value());
  cache.Insert(16 * 11, 0, std::string(900, 'x'));  // takes the room of some
  EXPECT_TRUE(Read(cache, 16 * 11).has_value());
  EXPECT_TRUE(Read(cache, 0).has_value());
  EXPECT_FALSE(Read(cache, 16 * 5).has_value());
}

TEST(RecordCacheTest, ARecordThatDoesNotFitIsNotKept) {
  RecordCache none(0), small(1600);
  none.Insert(1, 0, "a");
  EXPECT_EQ(Read(none, 1), std::nullopt);
  small.Insert(1, 0, std::string(1000, 'x'));
  EXPECT_EQ(Read(small, 1), std::nullopt);
  small.Insert(1, 0, "a");
  EXPECT_EQ(Read(small, 1), "a");
}

TEST(RecordCacheTest, OfAnotherVersionNothingIsReadOrInserted) {
  RecordCache cache(1 << 20);
  cache.Insert(1, 0, "old");
  cache.Insert(2, 0, "same");
  cache.Advance(1, {1});
  EXPECT_EQ(Read(cache, 1, 0), std::nullopt);
  EXPECT_EQ(Read(cache, 2, 0), std::nullopt);
  EXPECT_EQ(Read(cache, 1, 1), std::nullopt);
  EXPECT_EQ(Read(cache, 2, 1), "same");
  cache.Insert(1, 0, "old");  // by a reader who is late
  EXPECT_EQ(Read(cache, 1, 1), std::nullopt);
  cache.Insert(1, 2, "new");  // by one who is early
  EXPECT_EQ(Read(cache, 1, 1), std::nullopt);
}

// As a collection does it: the store changes, then readers see the new version, then the cache advances.
TEST(RecordCacheTest, ReadersSeeTheRecordsOfTheirVersion) {
  constexpr int kVersions = 300;
  RecordCache cache(16 * 4 * 120);  // a part of the rows
  std::atomic<int64_t> shown = 0;
  std::atomic<bool> stop = false;
  std::vector<std::thread> readers;
  // Of version v row r has the record v − (v − r) % 100, the last version that changed it, for rows below 100.
  const auto record_of = [](int64_t row, int64_t version) {
    return version < row ? absl::StrCat(row, ":0") : absl::StrCat(row, ":", version - (version - row) % 100);
  };
  for (int t = 0; t < 2; ++t) {
    readers.emplace_back([&] {
      while (!stop) {
        const int64_t version = shown;
        for (RowId row = 1; row <= 100; ++row) {
          const std::optional<std::string> record = Read(cache, row, version);
          if (record.has_value()) {
            EXPECT_EQ(*record, record_of(row, version));
          } else {
            cache.Insert(row, version, record_of(row, version));
          }
        }
      }
    });
  }
  for (int64_t version = 1; version <= kVersions; ++version) {
    shown = version;
    std::this_thread::yield();
    cache.Advance(version, {static_cast<RowId>((version - 1) % 100 + 1)});
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace senvec
