#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace senvec {

// The bytes of a file or of standard input, from the first to the last. A gzip stream, known by its first two bytes
// whatever the name is, is unpacked on the way; members one after the other are one stream. Memory does not grow with the
// input. Not thread-safe.
class ByteSource {
 public:
  // `path` "-" is standard input. NotFound, PermissionDenied or FailedPrecondition with path and reason.
  static absl::StatusOr<std::unique_ptr<ByteSource>> Open(const std::string& path);
  virtual ~ByteSource() = default;

  // Fills `out`, which is not empty, from its beginning and returns how many bytes that were; 0 at the end. DataLoss
  // when a gzip stream is damaged or cut.
  virtual absl::StatusOr<size_t> Read(absl::Span<char> out) = 0;

  // Whether it is a gzip stream.
  virtual bool is_packed() const = 0;
  // The path, or "standard input".
  virtual const std::string& name() const = 0;
  // How many bytes were read as they are stored, packed ones before unpacking.
  virtual int64_t stored_position() const = 0;
  // How many there are; 0 when that is not known (standard input, a pipe).
  virtual int64_t stored_size() const = 0;
};

}  // namespace senvec
