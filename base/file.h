#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace senvec {

// The whole file. NotFound or FailedPrecondition (not readable, a folder) with path and the system's reason.
absl::StatusOr<std::string> ReadFile(const std::string& path);

// Replaces `path` with `contents` so that a reader sees the old file or the new one, never a mixture:
// writes path + ".tmp", fsyncs, renames, fsyncs the folder. On error the old file is untouched.
absl::Status WriteFileAtomically(const std::string& path, absl::string_view contents);

bool FileExists(const std::string& path);
bool DirectoryExists(const std::string& path);

// mkdir -p.
absl::Status MakeDirectories(const std::string& path);

// "a/b", with exactly one slash between the parts.
std::string JoinPath(absl::string_view directory, absl::string_view name);

// An absl::Status with the code that fits `error_number` (errno) and a message "what: reason".
absl::Status ErrnoToStatus(int error_number, absl::string_view what);

}  // namespace senvec
