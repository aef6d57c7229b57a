#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/hash.h"
#include "dataio/byte_source.h"

namespace senvec {

// How much of an input was read, and what it was, so that the same place can be found again and known.
struct InputPosition {
  int64_t lines = 0;
  int64_t bytes = 0;     // unpacked
  std::string checksum;  // XXH3, 128 bits, of those bytes, in hexadecimal
};

// Reads a file or standard input, packed by gzip or not, line by line, in memory bounded by the longest line.
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
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  // The next line, or false at the end. InvalidArgument, naming the line's number, above kMaxLineBytes: that line is
  // passed over, and the next call gives the one after it. Other errors are for good.
  absl::StatusOr<bool> Next(std::string& line);

  // Number of the line that Next() gave last; the first is 1.
  int64_t line_number() const { return line_number_; }
  // After the line that Next() gave last.
  InputPosition position();
  // The path, or "standard input".
  const std::string& name() const { return source_->name(); }
  // See ByteSource. Lines are read ahead by some 64 KiB.
  int64_t stored_position() const { return source_->stored_position(); }
  int64_t stored_size() const { return source_->stored_size(); }

 private:
  explicit LineReader(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}
  absl::StatusOr<bool> Fill();
  void Forget();
  absl::StatusOr<bool> PassOver();

  const std::unique_ptr<ByteSource> source_;
  std::string buffer_;
  size_t position_ = 0;  // first byte of buffer_ that no line has taken
  size_t hashed_ = 0;    // first byte of buffer_ that is not in hash_
  bool at_end_ = false;
  int64_t line_number_ = 0;
  int64_t forgotten_ = 0;  // bytes before buffer_
  Fingerprinter hash_;
};

// How many lines LineReader would give, by reading the file once; 0 for what is not a regular file, which cannot be
// read twice.
absl::StatusOr<int64_t> CountLines(const std::string& path);

}  // namespace senvec
