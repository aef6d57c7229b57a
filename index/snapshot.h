#pragma once

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace senvec {

// SNAPSHOT.json: every other file of a snapshot's folder, with length and checksum.
struct SnapshotFile {
  std::string name;  // relative to the folder, with '/'
  int64_t bytes = 0;
  uint64_t checksum = 0;  // XXH3, 64 bits
  friend bool operator==(const SnapshotFile&, const SnapshotFile&) = default;
};

constexpr char kSnapshotFileName[] = "SNAPSHOT.json";

std::string SerializeSnapshot(const std::vector<SnapshotFile>& files);
// DataLoss names `where` and the fault; FailedPrecondition for a newer format.
absl::StatusOr<std::vector<SnapshotFile>> ParseSnapshot(absl::string_view text, absl::string_view where);

// Writes the list of what is in `directory`.
absl::Status SealSnapshot(const std::string& directory);
// DataLoss names the first file that is missing, of another length or of another checksum.
absl::Status VerifySnapshot(const std::string& directory);
// Copies the files that the list names, and syncs them; verifies them on the way.
absl::Status CopySnapshot(const std::string& directory, const std::string& new_directory);

// By a hard link where the disk allows, else a copy. On disk when it returns.
absl::Status LinkOrCopyFile(const std::string& from, const std::string& to);

}  // namespace senvec
