#include "dataio/line_reader.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
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

}  // namespace

absl::StatusOr<std::unique_ptr<LineReader>> LineReader::Open(const std::string& path) {
  SENVEC_ASSIGN_OR_RETURN(std::unique_ptr<ByteSource> source, ByteSource::Open(path));
  return std::unique_ptr<LineReader>(new LineReader(std::move(source)));
}

// Drops what lines have taken.
void LineReader::Forget() {
  hash_.Append(absl::string_view(buffer_).substr(hashed_, position_ - hashed_));
  buffer_.erase(0, position_);
  forgotten_ += static_cast<int64_t>(position_);
  position_ = 0;
  hashed_ = 0;
}

// Appends what the next read gives; false when there is nothing more.
absl::StatusOr<bool> LineReader::Fill() {
  if (at_end_) return false;
  Forget();
  const size_t old_size = buffer_.size();
  buffer_.resize(old_size + kReadBytes);
  const absl::StatusOr<size_t> n = source_->Read(absl::MakeSpan(&buffer_[old_size], kReadBytes));
  buffer_.resize(old_size + n.value_or(0));
  if (!n.ok()) return n.status();
  at_end_ = *n == 0;
  return !at_end_;
}

// Takes the rest of a line that is too long, piece by piece.
absl::StatusOr<bool> LineReader::PassOver() {
  ++line_number_;
  size_t newline = std::string::npos;
  while ((newline = buffer_.find('\n', position_)) == std::string::npos) {
    position_ = buffer_.size();
    SENVEC_ASSIGN_OR_RETURN(const bool more, Fill());
    if (!more) break;
  }
  position_ = newline == std::string::npos ? buffer_.size() : newline + 1;
  return absl::InvalidArgumentError(absl::StrCat(name(), ": line ", line_number_, " is longer than ", kMaxLineBytes, " bytes"));
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
  if (static_cast<int64_t>(end - position_) > kMaxLineBytes) return PassOver();
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

InputPosition LineReader::position() {
  hash_.Append(absl::string_view(buffer_).substr(hashed_, position_ - hashed_));
  hashed_ = position_;
  return {line_number_, forgotten_ + static_cast<int64_t>(position_), hash_.Hex()};
}

absl::StatusOr<int64_t> CountLines(const std::string& path) {
  struct stat info;
  if (path == "-") return 0;
  if (::stat(path.c_str(), &info) != 0) return ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  if (!S_ISREG(info.st_mode)) return 0;
  SENVEC_ASSIGN_OR_RETURN(const std::unique_ptr<ByteSource> source, ByteSource::Open(path));
  std::vector<char> buffer(kReadBytes);
  int64_t lines = 0;
  char last = '\n';
  while (true) {
    SENVEC_ASSIGN_OR_RETURN(const size_t n, source->Read(absl::MakeSpan(buffer)));
    if (n == 0) return lines + (last == '\n' ? 0 : 1);
    lines += std::count(buffer.data(), buffer.data() + n, '\n');
    last = buffer[n - 1];
  }
}

}  // namespace senvec
