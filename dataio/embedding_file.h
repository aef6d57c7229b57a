#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "base/mapped_file.h"

namespace senvec {

// Vectors in a file, mapped: .npy (a float32 matrix, see npy_reader.h) or .fvecs (each vector as its length, an int32,
// and so many float32). Immutable.
class EmbeddingFile {
 public:
  // By the name's end. InvalidArgument names the file, what is wrong and what is taken.
  static absl::StatusOr<EmbeddingFile> Open(const std::string& path);
  // What Open() says to the bytes of a .fvecs file; checked is the first vector, and that all bytes are vectors of its
  // length.
  static absl::StatusOr<EmbeddingFile> OpenFvecs(const std::string& path);

  int64_t rows() const { return rows_; }
  int64_t dim() const { return dim_; }
  const std::string& path() const { return file_->path(); }
  // Copies vector `row`, dim values. InvalidArgument when it has another length than the first.
  absl::Status Copy(int64_t row, absl::Span<float> out) const;
  // The bytes of a vector as they are stored.
  absl::string_view Bytes(int64_t row) const;
  // Lets the pages of the vectors [begin, end) go.
  void Release(int64_t begin, int64_t end) const;

 private:
  EmbeddingFile(std::shared_ptr<const MappedFile> file, int64_t rows, int64_t dim, size_t data_offset, size_t prefix_bytes)
      : file_(std::move(file)), rows_(rows), dim_(dim), data_offset_(data_offset), prefix_bytes_(prefix_bytes) {}
  size_t stride() const { return prefix_bytes_ + static_cast<size_t>(dim_) * sizeof(float); }

  std::shared_ptr<const MappedFile> file_;
  int64_t rows_;
  int64_t dim_;
  size_t data_offset_;   // of the first vector
  size_t prefix_bytes_;  // before each vector's values
};

}  // namespace senvec
