#include "train/teacher_cache.h"

#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

constexpr size_t kMagicBytes = 10;  // magic, version and the length of the head

// The whole beginning of a .npy file, version 1.0, a multiple of 64 bytes long.
std::string Head(absl::string_view type, absl::string_view shape) {
  std::string text = absl::StrCat("{'descr': '", type, "', 'fortran_order': False, 'shape': ", shape, ", }");
  text.append(63 - (kMagicBytes + text.size()) % 64, ' ');
  text.push_back('\n');
  std::string head("\x93NUMPY\x01\x00", 8);
  head.push_back(static_cast<char>(text.size() & 0xff));
  head.push_back(static_cast<char>(text.size() >> 8));
  return head + text;
}
std::string KeysHead(size_t count) { return Head("<u8", absl::StrCat("(", count, ",)")); }
std::string RowsHead(size_t count, int64_t dim) { return Head("<f2", absl::StrCat("(", count, ", ", dim, ")")); }

template <typename T>
absl::string_view Bytes(absl::Span<const T> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

template <typename T>
absl::Status Take(const std::string& path, const std::string& head, absl::string_view file, std::vector<T>& out) {
  if (!absl::StartsWith(file, head) || file.size() != head.size() + out.size() * sizeof(T)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is no piece of this cache; remove it, and its vectors are computed anew"));
  }
  std::memcpy(out.data(), file.data() + head.size(), out.size() * sizeof(T));
  return absl::OkStatus();
}

}  // namespace

std::string TeacherCache::PathOf(int64_t piece, const char* end) const {
  return JoinPath(folder_, absl::StrCat(piece, end));
}

absl::StatusOr<TeacherCache> TeacherCache::Open(const std::string& folder, int64_t dim) {
  SENVEC_RETURN_IF_ERROR(MakeDirectories(folder));
  TeacherCache cache(folder, dim);
  while (FileExists(cache.PathOf(cache.pieces_, ".keys.npy")) && FileExists(cache.PathOf(cache.pieces_, ".npy"))) {
    ++cache.pieces_;
  }
  return cache;
}

absl::StatusOr<TeacherCache::Piece> TeacherCache::Read(int64_t piece) const {
  const std::string keys_path = PathOf(piece, ".keys.npy"), rows_path = PathOf(piece, ".npy");
  SENVEC_ASSIGN_OR_RETURN(const std::string keys, ReadFile(keys_path));
  SENVEC_ASSIGN_OR_RETURN(const std::string rows, ReadFile(rows_path));
  // Heads have the same length for every count of up to some 10^20.
  const size_t head = KeysHead(0).size();
  const size_t count = keys.size() < head ? 0 : (keys.size() - head) / sizeof(uint64_t);
  Piece read{.keys = std::vector<uint64_t>(count), .rows = std::vector<uint16_t>(count * static_cast<size_t>(dim_))};
  SENVEC_RETURN_IF_ERROR(Take(keys_path, KeysHead(count), keys, read.keys));
  SENVEC_RETURN_IF_ERROR(Take(rows_path, RowsHead(count, dim_), rows, read.rows));
  return read;
}

absl::Status TeacherCache::Append(absl::Span<const uint64_t> keys, absl::Span<const uint16_t> rows) {
  SENVEC_RETURN_IF_ERROR(
      WriteFileAtomically(PathOf(pieces_, ".npy"), absl::StrCat(RowsHead(keys.size(), dim_), Bytes(rows))));
  SENVEC_RETURN_IF_ERROR(
      WriteFileAtomically(PathOf(pieces_, ".keys.npy"), absl::StrCat(KeysHead(keys.size()), Bytes(keys))));
  ++pieces_;
  return absl::OkStatus();
}

}  // namespace senvec
