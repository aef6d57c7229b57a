#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace senvec {

// Vectors by the hashes of their texts in one folder: files N.npy (float16, rows × dim) and N.keys.npy (uint64), N from 0 on.
// A piece counts once both are there. numpy reads them.
class TeacherCache {
 public:
  struct Piece {
    std::vector<uint64_t> keys;
    std::vector<uint16_t> rows;  // keys.size() × dim, fp16 bits
  };

  // `folder` is made where it is missing.
  static absl::StatusOr<TeacherCache> Open(const std::string& folder, int64_t dim);
  int64_t num_pieces() const { return pieces_; }
  // InvalidArgument names the file and what is wrong.
  absl::StatusOr<Piece> Read(int64_t piece) const;
  // Written atomically, keys last.
  absl::Status Append(absl::Span<const uint64_t> keys, absl::Span<const uint16_t> rows);

 private:
  TeacherCache(std::string folder, int64_t dim) : folder_(std::move(folder)), dim_(dim) {}
  std::string PathOf(int64_t piece, const char* end) const;

  std::string folder_;
  int64_t dim_;
  int64_t pieces_ = 0;
};

}  // namespace senvec
