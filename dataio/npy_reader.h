#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "base/mapped_file.h"

namespace senvec {

// What the head of a .npy file says of a two-dimensional float32 array.
struct NpyShape {
  int64_t rows = 0;
  int64_t dim = 0;
  size_t data_offset = 0;  // of the first value, in bytes
};

// Reads and checks the head of `bytes`: magic, version 1 to 3, '<f4', C order, two dimensions, and that the values
// fill the file exactly. InvalidArgument names `where`, what is wrong and how to save the array instead.
absl::StatusOr<NpyShape> ParseNpyHead(absl::string_view bytes, absl::string_view where);

// A float32 matrix in a .npy file, mapped. Immutable.
class NpyMatrix {
 public:
  static absl::StatusOr<NpyMatrix> Open(const std::string& path);

  int64_t rows() const { return shape_.rows; }
  int64_t dim() const { return shape_.dim; }
  // Copies rows [begin, begin + out.size() / dim). They need not be aligned in the file.
  void CopyRows(int64_t begin, absl::Span<float> out) const;

 private:
  NpyMatrix(std::shared_ptr<const MappedFile> file, NpyShape shape)
      : file_(std::move(file)), shape_(shape) {}

  std::shared_ptr<const MappedFile> file_;
  NpyShape shape_;
};

}  // namespace senvec
