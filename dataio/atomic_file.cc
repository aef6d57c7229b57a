#include "dataio/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 20;
constexpr mode_t kMode = 0644;

// A link is followed, so that renaming does not put a file in its place.
std::string Target(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_symlink(path, error)) return path;
  const std::filesystem::path target = std::filesystem::canonical(path, error);
  return error ? path : target.string();
}

std::string FolderOf(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

}  // namespace

AtomicFile::AtomicFile(std::string path, std::string temporary, int fd, bool named)
    : path_(std::move(path)), temporary_(std::move(temporary)), fd_(fd), named_(named) {}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0) ::close(fd_);
  if (named_) ::unlink(temporary_.c_str());
}

absl::StatusOr<std::unique_ptr<AtomicFile>> AtomicFile::Create(const std::string& path) {
  const std::string target = Target(path);
  if (DirectoryExists(target)) {
    return absl::FailedPreconditionError(absl::StrCat("cannot write ", path, ": it is a folder"));
  }
  const std::string folder = FolderOf(target);
  const std::string temporary = absl::StrCat(target, ".tmp.", ::getpid());
  bool named = false;
  int fd = ::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, kMode);
  if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
    fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kMode);
    named = fd >= 0;
  }
  if (fd < 0) return ErrnoToStatus(errno, absl::StrCat("cannot write ", path, " in ", folder));
  return std::unique_ptr<AtomicFile>(new AtomicFile(target, temporary, fd, named));
}

absl::Status AtomicFile::Flush() {
  absl::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t written = ::write(fd_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return ErrnoToStatus(errno, absl::StrCat("cannot write ", path_));
    rest.remove_prefix(static_cast<size_t>(written));
  }
  buffer_.clear();
  return absl::OkStatus();
}

absl::Status AtomicFile::Append(absl::string_view bytes) {
  absl::StrAppend(&buffer_, bytes);
  return buffer_.size() < kBufferBytes ? absl::OkStatus() : Flush();
}

absl::Status AtomicFile::Overwrite(int64_t offset, absl::string_view bytes) {
  SENVEC_RETURN_IF_ERROR(Flush());
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd_, bytes.data(), bytes.size(), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return ErrnoToStatus(errno, absl::StrCat("cannot write ", path_));
    bytes.remove_prefix(static_cast<size_t>(written));
    offset += written;
  }
  return absl::OkStatus();
}

absl::Status AtomicFile::Commit() {
  SENVEC_RETURN_IF_ERROR(Flush());
  if (::fsync(fd_) != 0) return ErrnoToStatus(errno, absl::StrCat("cannot sync ", path_));
  if (!named_) {
    const std::string self = absl::StrCat("/proc/self/fd/", fd_);
    if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, temporary_.c_str(), AT_SYMLINK_FOLLOW) != 0) {
      return ErrnoToStatus(errno, absl::StrCat("cannot name the finished file ", temporary_));
    }
    named_ = true;
  }
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
    return ErrnoToStatus(errno, absl::StrCat("cannot rename ", temporary_, " to ", path_));
  }
  named_ = false;
  const int closed = ::close(std::exchange(fd_, -1));
  if (closed != 0) return ErrnoToStatus(errno, absl::StrCat("cannot close ", path_));
  return absl::OkStatus();
}

}  // namespace senvec
