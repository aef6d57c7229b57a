#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "bulk/bulk_record.h"

namespace senvec {

// The lines that did not get into a collection, as lines "LINE TAB ID TAB REASON" under a head; tabs and line ends in ids
// and reasons are escaped as \t and \n. The file is made by the first of them. Not thread-safe.
class RejectFile {
 public:
  // Goes on after the first `bytes` of what is there, and removes the rest; with 0 the file is removed. DataLoss when
  // it has fewer bytes than that.
  static absl::StatusOr<std::unique_ptr<RejectFile>> Open(const std::string& path, int64_t bytes);
  ~RejectFile();
  RejectFile(const RejectFile&) = delete;
  RejectFile& operator=(const RejectFile&) = delete;

  // In the system's hands when it returns; on disk with `durable`.
  absl::Status Append(absl::Span<const Reject> rejects, bool durable);
  int64_t bytes() const { return bytes_; }
  const std::string& path() const { return path_; }

 private:
  RejectFile(std::string path, int fd, int64_t bytes) : path_(std::move(path)), fd_(fd), bytes_(bytes) {}
  absl::Status Write(absl::string_view text);

  const std::string path_;
  int fd_;  // -1 = there is no file yet
  int64_t bytes_;
  bool is_dirty_ = false;
};

}  // namespace senvec
