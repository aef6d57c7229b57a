#include "index/directory_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"

namespace senvec {

absl::StatusOr<std::unique_ptr<DirectoryLock>> DirectoryLock::Acquire(const std::string& folder) {
  const std::string path = JoinPath(folder, "LOCK");
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    char holder[32] = {};
    const ssize_t size = ::pread(fd, holder, sizeof(holder) - 1, 0);
    ::close(fd);
    if (error != EWOULDBLOCK) return ErrnoToStatus(error, absl::StrCat("cannot lock ", path));
    return absl::FailedPreconditionError(absl::StrCat(
        folder, " is in use by another process",
        size > 0 ? absl::StrCat(" (process id ", absl::StripAsciiWhitespace(holder), ")") : "",
        "; stop it, or ask it over gRPC instead"));
  }
  const std::string id = absl::StrCat(::getpid(), "\n");
  // The id only helps people; the lock holds without it.
  if (::ftruncate(fd, 0) == 0 && ::pwrite(fd, id.data(), id.size(), 0) < 0) errno = 0;
  return std::unique_ptr<DirectoryLock>(new DirectoryLock(fd));
}

DirectoryLock::~DirectoryLock() { ::close(fd_); }

}  // namespace senvec
