#include "bulk/reject_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "encoder/tokenizer/utf8.h"

namespace senvec {
namespace {

constexpr absl::string_view kHead = "line\tid\treason\n";

// What is no UTF-8 in a line is none in an error about it.
std::string Escaped(const std::string& text) {
  return absl::StrReplaceAll(IsValidUtf8(text) ? text : RepairUtf8(text).text, {{"\t", "\\t"}, {"\n", "\\n"}, {"\r", "\\r"}, {absl::string_view("\0", 1), "\\0"}});
}

}  // namespace

absl::StatusOr<std::unique_ptr<RejectFile>> RejectFile::Open(const std::string& path, int64_t bytes) {
  const auto failed = [&] { return ErrnoToStatus(errno, absl::StrCat("cannot write the rejected lines to ", path)); };
  if (bytes == 0) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failed();
    return std::unique_ptr<RejectFile>(new RejectFile(path, -1, 0));
  }
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return failed();
  auto file = std::unique_ptr<RejectFile>(new RejectFile(path, fd, bytes));
  struct stat info;
  if (::fstat(fd, &info) != 0) return failed();
  if (info.st_size < bytes) {
    return absl::DataLossError(absl::StrCat(path, " has ", info.st_size, " bytes where the unfinished build had written ", bytes,
                                            " of rejected lines; put it back, or begin anew with --restart"));
  }
  if (::ftruncate(fd, bytes) != 0 || ::lseek(fd, bytes, SEEK_SET) < 0) return failed();
  return file;
}

RejectFile::~RejectFile() {
  if (fd_ >= 0) ::close(fd_);
}

absl::Status RejectFile::Write(absl::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd_, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoToStatus(errno, absl::StrCat("cannot write to ", path_));
    text.remove_prefix(static_cast<size_t>(n));
    bytes_ += n;
  }
  return absl::OkStatus();
}

absl::Status RejectFile::Append(absl::Span<const Reject> rejects, bool durable) {
  std::string text;
  for (const Reject& reject : rejects) absl::StrAppend(&text, reject.line, "\t", Escaped(reject.id), "\t", Escaped(reject.reason), "\n");
  if (!text.empty()) {
    if (fd_ < 0) {
      fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
      if (fd_ < 0) return ErrnoToStatus(errno, absl::StrCat("cannot write the rejected lines to ", path_));
      SENVEC_RETURN_IF_ERROR(Write(kHead));
    }
    SENVEC_RETURN_IF_ERROR(Write(text));
    is_dirty_ = true;
  }
  if (!durable || !is_dirty_) return absl::OkStatus();
  is_dirty_ = false;
  return ::fdatasync(fd_) == 0 ? absl::OkStatus() : ErrnoToStatus(errno, absl::StrCat("cannot sync ", path_));
}

}  // namespace senvec
