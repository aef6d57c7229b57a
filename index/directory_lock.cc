#include "index/directory_lock.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_macros.h"

namespace senvec {

namespace {

// The process id in the file, when that process is there: a reader leaves an older one's.
std::string Holder(int fd) {
  char text[32] = {};
  int32_t id = 0;
  const ssize_t size = ::pread(fd, text, sizeof(text) - 1, 0);
  if (size <= 0 || !absl::SimpleAtoi(absl::StripAsciiWhitespace(text), &id) || id <= 0) return "";
  if (::kill(id, 0) != 0 && errno == ESRCH) return "";
  return absl::StrCat(" (process id ", id, ")");
}

absl::Status Lock(int fd, int operation, const std::string& folder) {
  if (::flock(fd, operation | LOCK_NB) == 0) return absl::OkStatus();
  if (errno != EWOULDBLOCK) return ErrnoToStatus(errno, absl::StrCat("cannot lock ", JoinPath(folder, "LOCK")));
  return absl::FailedPreconditionError(absl::StrCat(folder, " is in use by another process", Holder(fd),
                                                    "; stop it, or ask it over gRPC instead"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<DirectoryLock>> DirectoryLock::Acquire(const std::string& folder) {
  const std::string path = JoinPath(folder, "LOCK");
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  std::unique_ptr<DirectoryLock> lock(new DirectoryLock(fd, false));
  SENVEC_RETURN_IF_ERROR(Lock(fd, LOCK_EX, folder));
  const std::string id = absl::StrCat(::getpid(), "\n");
  // The id only helps people; the lock holds without it.
  if (::ftruncate(fd, 0) == 0 && ::pwrite(fd, id.data(), id.size(), 0) < 0) errno = 0;
  return lock;
}

absl::StatusOr<std::unique_ptr<DirectoryLock>> DirectoryLock::AcquireShared(const std::string& folder) {
  const std::string path = JoinPath(folder, "LOCK");
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno != ENOENT) return ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  std::unique_ptr<DirectoryLock> lock(new DirectoryLock(fd, true));
  if (fd >= 0) SENVEC_RETURN_IF_ERROR(Lock(fd, LOCK_SH, folder));
  return lock;
}

DirectoryLock::~DirectoryLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace senvec
