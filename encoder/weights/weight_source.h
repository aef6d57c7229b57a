#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "base/mapped_file.h"

namespace senvec {

enum class DType { kF32, kF16, kBF16, kF64, kI64, kI32, kI16, kI8, kU8, kBool };

// Bytes of one element.
size_t DTypeSize(DType dtype);
absl::string_view DTypeName(DType dtype);  // "F32"
absl::StatusOr<DType> ParseDType(absl::string_view name);

std::string ShapeString(absl::Span<const int64_t> shape);  // "[2, 3]"

// A tensor inside a mapped file: row-major, little-endian, not necessarily aligned. Valid as long as its source.
struct TensorView {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<int64_t> shape;
  absl::string_view bytes;
  absl::string_view file;  // where it was read, for messages; may be empty

  int64_t num_elements() const;
};

// Named tensors of one checkpoint. Immutable, safe for concurrent use.
class WeightSource {
 public:
  virtual ~WeightSource() = default;

  // Opens DIR/model.safetensors, or the shards that DIR/model.safetensors.index.json lists.
  static absl::StatusOr<std::shared_ptr<const WeightSource>> OpenDirectory(const std::string& directory);
  // Opens one .safetensors file. Header length, JSON, dtype, shape, offsets, overlap and gaps are checked before
  // any tensor is handed out: InvalidArgument names file, tensor and values.
  static absl::StatusOr<std::shared_ptr<const WeightSource>> OpenSafetensors(const std::string& path);

  // Null when there is no such tensor.
  virtual const TensorView* Find(absl::string_view name) const = 0;
  virtual std::vector<std::string> Names() const = 0;  // sorted
  // The "__metadata__" entry of that key; empty when absent.
  virtual std::string Metadata(absl::string_view key) const = 0;
  // The mapped files, in the order they were read; for fingerprints.
  virtual std::vector<std::shared_ptr<const MappedFile>> Files() const = 0;
  // Lets the pages of a tensor go that was read for the last time, so that a model does not stay in memory twice.
  // The tensor stays valid: reading it again brings the pages back. No-op for one of another source.
  virtual void Release(const TensorView& tensor) const = 0;
};

// Converts any float dtype to fp32. `out.size()` must be tensor.num_elements(). InvalidArgument for an integer dtype,
// and, naming file, tensor and element, for a value that is not finite.
absl::Status ToFloat(const TensorView& tensor, absl::Span<float> out);

// The same for the out.size() elements from element `begin` on, so that one row can be taken from a large table.
// begin + out.size() must not pass the end. Takes values as they are: see CheckFinite().
absl::Status RowsToFloat(const TensorView& tensor, int64_t begin, absl::Span<float> out);

// Looks through a whole tensor without converting it: InvalidArgument as ToFloat() says. An integer tensor is finite.
// For tables that are read row by row.
absl::Status CheckFinite(const TensorView& tensor);

}  // namespace senvec
