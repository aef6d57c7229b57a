#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace senvec {

// The ordered tables of a collection (docs/formats.md). Row numbers are 4 bytes, big-endian.
enum class Table {
  kMeta,      // what is remembered about the whole; see catalog.h
  kIds,       // document id → row number
  kRows,      // row number → record (record.h)
  kVectors,   // row number → dim fp32, little-endian
  kPostings,  // index/filter/posting.h's key → bitmap of row numbers, by merging
};
constexpr int kNumTables = 5;

struct KvOptions {
  bool create = false;     // else NotFound when there is none
  bool read_only = false;  // writes nothing at all
  int64_t cache_bytes = 64 << 20;
  // Told what the library warns of: repairs, errors of the disk.
  std::function<void(absl::string_view)> notice;
};

// Changes that happen together or not at all; made by a store for itself.
class KvBatch {
 public:
  virtual ~KvBatch() = default;
  virtual void Put(Table table, absl::string_view key, absl::string_view value) = 0;
  virtual void Delete(Table table, absl::string_view key) = 0;
  // kMeta and kPostings: operands of index/filter/posting.h.
  virtual void Merge(Table table, absl::string_view key, absl::string_view operand) = 0;
};

// The state of all tables at one moment, for as long as it lives; the store outlives it.
class KvSnapshot {
 public:
  virtual ~KvSnapshot() = default;
};

// Walks a table in ascending order of keys. Views hold until the next step.
class KvIterator {
 public:
  virtual ~KvIterator() = default;
  virtual void Seek(absl::string_view key) = 0;
  virtual bool Valid() const = 0;  // false also after an error
  virtual void Next() = 0;
  virtual absl::string_view key() const = 0;
  virtual absl::string_view value() const = 0;
  virtual absl::Status status() const = 0;
};

// RocksDB, behind Status. Errors: DataLoss for damage (the library names the file), ResourceExhausted for a full disk,
// Unavailable for other trouble of the disk, NotFound, FailedPrecondition.
//
// Thread-safe.
class KvStore {
 public:
  virtual ~KvStore() = default;
  static absl::StatusOr<std::unique_ptr<KvStore>> Open(const std::string& directory, const KvOptions& options);

  virtual std::unique_ptr<KvBatch> NewBatch() const = 0;
  // `sync`: on disk when it returns. After a failure nothing of the batch is seen. ResourceExhausted while the disk is
  // full. Unavailable after the log could not be written, until the store is opened anew: the batch is there then as a
  // whole or not at all.
  virtual absl::Status Write(KvBatch& batch, bool sync) = 0;
  // After a failed write: OK once the store takes writes again.
  virtual absl::Status Resume() = 0;

  // A null snapshot reads the present.
  virtual absl::StatusOr<std::optional<std::string>> Get(Table table, absl::string_view key,
                                                         const KvSnapshot* snapshot) const = 0;
  // In the order of `keys`.
  absl::StatusOr<std::vector<std::optional<std::string>>> MultiGet(Table table, absl::Span<const std::string> keys,
                                                                   const KvSnapshot* snapshot) const;
  // The same without copies: `take` is given the place of each key that is there, in order, and its value, which lives
  // for the call. Its error ends the reading.
  virtual absl::Status MultiRead(Table table, absl::Span<const std::string> keys, const KvSnapshot* snapshot,
                                 absl::FunctionRef<absl::Status(size_t, absl::string_view)> take) const = 0;
  // `readahead`: bytes fetched at once, for long walks; 0 = few. Such walks leave the cache alone.
  virtual std::unique_ptr<KvIterator> Iterate(Table table, const KvSnapshot* snapshot, int64_t readahead) const = 0;
  virtual std::shared_ptr<const KvSnapshot> TakeSnapshot() const = 0;

  // A copy as of now in the new folder `directory`, by links where the disk allows.
  virtual absl::Status Checkpoint(const std::string& directory) const = 0;
  // Moves what only the log holds into tables, so that opening replays nothing.
  virtual absl::Status Flush() = 0;
  // Between Pause() and Continue() nothing is written in the background; after Pause() and Freeze() never again, also not
  // when closed, so that nothing appears in a folder that was renamed. Reading goes on.
  virtual absl::Status Pause() = 0;
  virtual absl::Status Continue() = 0;
  virtual void Freeze() = 0;
};

}  // namespace senvec
