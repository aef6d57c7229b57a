#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace senvec {

// Sentence vectors on their way to a file or standard output, in the order they are appended.
// Not thread-safe.
class VectorWriter {
 public:
  // What is known of one sentence.
  struct Row {
    int32_t num_tokens = 0;
    int32_t num_truncated = 0;
    absl::Span<const float> vector;  // dim
  };

  virtual ~VectorWriter() = default;

  // Picks the form by the name's end. ".npy": float32, n × dim, format version 1.0. ".jsonl": one object a line,
  // {"index":0,"tokens":7,"truncated":0,"vector":[…]}, floats in the shortest digits that read back to the same
  // bits. "-": JSON lines on standard output. InvalidArgument for another name. The file appears under its name
  // at Finish() only.
  static absl::StatusOr<std::unique_ptr<VectorWriter>> Create(const std::string& path, int32_t dim);
  // InvalidArgument, naming the two forms, unless Create() would take the name.
  static absl::Status CheckName(const std::string& path);

  // InvalidArgument for another length than dim or a value that is not finite.
  virtual absl::Status Append(const Row& row) = 0;
  virtual absl::Status Finish() = 0;
};

}  // namespace senvec
