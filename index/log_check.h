#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "index/sync_mark.h"

namespace senvec {

// What a look through the logs of the RocksDB in `directory` found, before it is opened.
struct LogCheck {
  std::optional<SyncMark> mark;      // nothing: the file is lost or damaged, which `notices` says
  uint64_t first_log = 0;            // number of the first log of writes that is still needed
  uint64_t last_sequence = 0;        // in the logs of writes; 0 = they are empty
  int64_t log_bytes = 0;             // in the logs of writes
  bool is_unfinished = false;        // one ends in the middle of a record
  std::vector<std::string> notices;  // what to tell people
};

// DataLoss names file, place and remedy: a record in the middle that is damaged or missing, a MANIFEST that is shorter than
// it was. Files that RocksDB will miss by itself are no matter here. Nothing is written.
absl::StatusOr<LogCheck> CheckLogs(const std::string& directory);

// Whether a store whose last change is `sequence` has all that its mark says; DataLoss names the remedy.
absl::Status CheckAgainstMark(const std::string& directory, const LogCheck& check, uint64_t sequence);

// The number in CURRENT's MANIFEST-…, when it is readable.
std::optional<uint64_t> ManifestNumber(const std::string& directory);

}  // namespace senvec
