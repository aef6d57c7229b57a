#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace senvec {

// Reads a file or standard input line by line, in memory bounded by the longest line.
//
// A line ends at '\n' or at the end of the file; a final newline is optional and starts no further line, and an
// empty line is a line. One '\r' before '\n' is dropped, and so is a UTF-8 byte order mark at the start. All other
// bytes are passed on as they are, valid UTF-8 or not. Not thread-safe.
class LineReader {
 public:
  // The longest line that is taken, in bytes.
  static constexpr int64_t kMaxLineBytes = int64_t{64} << 20;

  // `path` "-" is standard input. NotFound, PermissionDenied or FailedPrecondition with path and reason.
  static absl::StatusOr<std::unique_ptr<LineReader>> Open(const std::string& path);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  // The next line, or false at the end. InvalidArgument, naming the line's number, above kMaxLineBytes.
  absl::StatusOr<bool> Next(std::string& line);

  // Number of the line that Next() gave last; the first is 1.
  int64_t line_number() const { return line_number_; }
  // The path, or "standard input".
  const std::string& name() const { return name_; }

 private:
  LineReader(std::string name, int fd, bool owns_fd);
  absl::StatusOr<bool> Fill();

  const std::string name_;
  const int fd_;
  const bool owns_fd_;
  std::string buffer_;
  size_t position_ = 0;  // first byte of buffer_ that no line has taken
  bool at_end_ = false;
  int64_t line_number_ = 0;
};

// How many lines LineReader would give, by reading the file once; 0 for what is not a regular file, which cannot be
// read twice.
absl::StatusOr<int64_t> CountLines(const std::string& path);

}  // namespace senvec
