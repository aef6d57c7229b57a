#include "dataio/line_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/file.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

constexpr size_t kReadBytes = size_t{1} << 16;
constexpr absl::string_view kByteOrderMark = "\xEF\xBB\xBF";

absl::StatusOr<size_t> ReadSome(int fd, char* out, const std::string& name) {
  while (true) {
    const ssize_t n = ::read(fd, out, kReadBytes);
    if (n >= 0) return static_cast<size_t>(n);
    if (errno != EINTR) return ErrnoToStatus(errno, absl::StrCat("cannot read ", name));
  }
}

}  // namespace

LineReader::LineReader(std::string name, int fd, bool owns_fd)
    : name_(std::move(name)), fd_(fd), owns_fd_(owns_fd) {}

LineReader::~LineReader() {
  if (owns_fd_) ::close(fd_);
}

absl::StatusOr<std::unique_ptr<LineReader>> LineReader::Open(const std::string& path) {
  if (path == "-") {
    return std::unique_ptr<LineReader>(new LineReader("standard input", STDIN_FILENO, false));
  }
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  return std::unique_ptr<LineReader>(new LineReader(path, fd, true));
}

// Appends what the next read gives; false when there is nothing more.
absl::StatusOr<bool> LineReader::Fill() {
  if (at_end_) return false;
  buffer_.erase(0, position_);
  position_ = 0;
  const size_t old_size = buffer_.size();
  buffer_.resize(old_size + kReadBytes);
  absl::StatusOr<size_t> n = ReadSome(fd_, &buffer_[old_size], name_);
  buffer_.resize(old_size + n.value_or(0));
  if (!n.ok()) return n.status();
  at_end_ = *n == 0;
  return !at_end_;
}

absl::StatusOr<bool> LineReader::Next(std::string& line) {
  size_t scanned = 0;  // bytes after position_ known to hold no newline
  size_t newline = std::string::npos;
  while ((newline = buffer_.find('\n', position_ + scanned)) == std::string::npos) {
    scanned = buffer_.size() - position_;
    if (static_cast<int64_t>(scanned) > kMaxLineBytes) break;
    SENVEC_ASSIGN_OR_RETURN(const bool more, Fill());
    if (!more) break;
  }
  if (newline == std::string::npos && position_ == buffer_.size()) return false;
  const bool terminated = newline != std::string::npos;
  size_t end = terminated ? newline : buffer_.size();
  if (static_cast<int64_t>(end - position_) > kMaxLineBytes) {
    return absl::InvalidArgumentError(absl::StrCat(name_, ": line ", line_number_ + 1,
                                                   " is longer than ", kMaxLineBytes, " bytes"));
  }
  if (terminated && end > position_ && buffer_[end - 1] == '\r') --end;
  line.assign(buffer_, position_, end - position_);
  position_ = terminated ? newline + 1 : buffer_.size();
  if (++line_number_ == 1 && absl::StartsWith(line, kByteOrderMark)) {
    line.erase(0, kByteOrderMark.size());
    // A file that is nothing but the mark has no line.
    if (line.empty() && !terminated) return false;
  }
  return true;
}

absl::StatusOr<int64_t> CountLines(const std::string& path) {
  struct stat info;
  if (path == "-") return 0;
  if (::stat(path.c_str(), &info) != 0) {
    return ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  }
  if (!S_ISREG(info.st_mode)) return 0;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  std::vector<char> buffer(kReadBytes);
  int64_t lines = 0;
  char last = '\n';
  absl::StatusOr<size_t> n = ReadSome(fd, buffer.data(), path);
  for (; n.ok() && *n > 0; n = ReadSome(fd, buffer.data(), path)) {
    lines += std::count(buffer.data(), buffer.data() + *n, '\n');
    last = buffer[*n - 1];
  }
  ::close(fd);
  if (!n.ok()) return n.status();
  return lines + (last == '\n' ? 0 : 1);
}

}  // namespace senvec
