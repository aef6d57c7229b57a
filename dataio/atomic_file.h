#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace senvec {

// A file that is written piece by piece and appears under its name only at Commit(): a reader sees the old file or
// the whole new one. Where the file system allows it the unfinished file has no name (O_TMPFILE), so that nothing is
// left even when the process is killed. Not thread-safe.
class AtomicFile {
 public:
  // NotFound or PermissionDenied, naming path and reason, when the folder cannot be written to.
  static absl::StatusOr<std::unique_ptr<AtomicFile>> Create(const std::string& path);
  // Without Commit(), nothing is left and an old file of that name is untouched.
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  // Buffered. ResourceExhausted on a full disk.
  absl::Status Append(absl::string_view bytes);
  // Replaces bytes already appended.
  absl::Status Overwrite(int64_t offset, absl::string_view bytes);
  // Flushes, syncs and renames. At most once; nothing may follow.
  absl::Status Commit();

 private:
  AtomicFile(std::string path, std::string temporary, int fd, bool named);
  absl::Status Flush();

  const std::string path_;
  const std::string temporary_;  // the name it gets on the way to path_
  int fd_;
  bool named_;  // a file `temporary_` exists
  std::string buffer_;
};

}  // namespace senvec
