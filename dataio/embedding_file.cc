#include "dataio/embedding_file.h"

#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "dataio/npy_reader.h"

namespace senvec {
namespace {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "both forms are little-endian");

constexpr int32_t kMaxDim = 1 << 20;

int32_t LengthAt(absl::string_view bytes) {
  int32_t length;
  std::memcpy(&length, bytes.data(), sizeof(length));
  return length;
}

}  // namespace

absl::StatusOr<EmbeddingFile> EmbeddingFile::OpenFvecs(const std::string& path) {
  SENVEC_ASSIGN_OR_RETURN(std::shared_ptr<const MappedFile> file, MappedFile::Open(path));
  const absl::string_view bytes = file->bytes();
  const auto bad = [&](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", what, "; a .fvecs file has for each vector its length (int32) and "
                                                   "so many float32, all of one length"));
  };
  if (bytes.size() < sizeof(int32_t)) return bad(absl::StrCat("it has ", bytes.size(), " bytes"));
  const int32_t dim = LengthAt(bytes);
  if (dim < 1 || dim > kMaxDim) return bad(absl::StrCat("the first vector claims ", dim, " values"));
  const size_t stride = sizeof(int32_t) + static_cast<size_t>(dim) * sizeof(float);
  if (bytes.size() % stride != 0) {
    return bad(absl::StrCat("its ", bytes.size(), " bytes are no whole number of vectors of ", dim, " values"));
  }
  const auto rows = static_cast<int64_t>(bytes.size() / stride);
  return EmbeddingFile(std::move(file), rows, dim, 0, sizeof(int32_t));
}

absl::StatusOr<EmbeddingFile> EmbeddingFile::Open(const std::string& path) {
  if (absl::EndsWith(path, ".fvecs")) return OpenFvecs(path);
  if (!absl::EndsWith(path, ".npy")) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot tell the form of the vectors in ", path, " from its name: it must end in .npy or .fvecs"));
  }
  SENVEC_ASSIGN_OR_RETURN(std::shared_ptr<const MappedFile> file, MappedFile::Open(path));
  SENVEC_ASSIGN_OR_RETURN(const NpyShape shape, ParseNpyHead(file->bytes(), path));
  return EmbeddingFile(std::move(file), shape.rows, shape.dim, shape.data_offset, 0);
}

absl::string_view EmbeddingFile::Bytes(int64_t row) const {
  SENVEC_CHECK(row >= 0 && row < rows_);
  return file_->bytes().substr(data_offset_ + static_cast<size_t>(row) * stride(), stride());
}

absl::Status EmbeddingFile::Copy(int64_t row, absl::Span<float> out) const {
  const absl::string_view bytes = Bytes(row);
  SENVEC_CHECK(out.size() == static_cast<size_t>(dim_));
  if (prefix_bytes_ > 0 && LengthAt(bytes) != dim_) {
    return absl::InvalidArgumentError(absl::StrCat("claims ", LengthAt(bytes), " values where the first vector has ", dim_));
  }
  std::memcpy(out.data(), bytes.data() + prefix_bytes_, out.size() * sizeof(float));
  return absl::OkStatus();
}

void EmbeddingFile::Release(int64_t begin, int64_t end) const {
  if (begin >= end) return;
  const char* first = Bytes(begin).data();
  const absl::string_view last = Bytes(end - 1);
  file_->Release({first, static_cast<size_t>(last.data() + last.size() - first)});
}

}  // namespace senvec
