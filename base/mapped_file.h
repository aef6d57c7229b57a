#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace senvec {

// A file mapped read-only for as long as the object lives. Immutable, safe for concurrent use.
class MappedFile {
 public:
  // NotFound, PermissionDenied or FailedPrecondition with the path and the system's reason. An empty file maps
  // to empty bytes.
  static absl::StatusOr<std::shared_ptr<const MappedFile>> Open(const std::string& path);

  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  absl::string_view bytes() const { return {data_, size_}; }
  // Lets the pages of a part of bytes() go, whole pages that it touches; reading them again brings them back. Advice to
  // the system: where it is refused, memory is all that is lost.
  void Release(absl::string_view part) const;
  const std::string& path() const { return path_; }

 private:
  MappedFile(std::string path, const char* data, size_t size)
      : path_(std::move(path)), data_(data), size_(size) {}

  std::string path_;
  const char* data_;
  size_t size_;
};

}  // namespace senvec
