#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/mutex.h"

namespace senvec {

// What is on disk for certain, by a store's own account: a log that ends before it has lost acknowledged writes, which
// cannot be told from the log itself.
struct SyncMark {
  uint64_t sequence = 0;         // number of the last change that was synced
  uint64_t manifest_number = 0;  // of the file MANIFEST-… in use
  uint64_t manifest_bytes = 0;   // of it that were synced
  friend bool operator==(const SyncMark&, const SyncMark&) = default;
};

constexpr char kSyncMarkName[] = "SYNCED";

std::string SerializeSyncMark(const SyncMark& mark);
// DataLoss names `where`.
absl::StatusOr<SyncMark> ParseSyncMark(absl::string_view bytes, absl::string_view where);

// The file SYNCED in a store's folder. It is written after every sync but not synced itself: after a power failure it may
// say less than is there, never more.
//
// Thread-safe.
class SyncMarkFile {
 public:
  // Opens it for writing, making it when absent; the file then says `mark`.
  static absl::StatusOr<std::unique_ptr<SyncMarkFile>> Open(const std::string& directory, const SyncMark& mark);
  ~SyncMarkFile();
  SyncMarkFile(const SyncMarkFile&) = delete;
  SyncMarkFile& operator=(const SyncMarkFile&) = delete;

  void SetSequence(uint64_t sequence);
  void SetManifest(uint64_t number, uint64_t bytes);

 private:
  SyncMarkFile(int fd, const SyncMark& mark) : fd_(fd), mark_(mark) {}
  void Write() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const int fd_;
  Mutex mutex_;
  SyncMark mark_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace senvec
