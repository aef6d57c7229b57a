#include "dataio/standard_output.h"

#include <unistd.h>

#include <cerrno>

#include "base/file.h"

namespace senvec {

absl::Status WriteStandardOutput(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return ErrnoToStatus(errno, "cannot write to standard output");
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

}  // namespace senvec
