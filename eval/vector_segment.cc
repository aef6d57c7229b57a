// The form of one file of cached vectors; little-endian:
//   8 bytes magic · u32 version · u32 dim · u64 count · u64 bytes of key · key · count × 32 bytes of
//   hash (XXH3-128 of the text in hexadecimal) · count × dim floats · u64 XXH3-64 of all before it
#include "eval/vector_segment.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/hash.h"
#include "eval/vector_cache.h"

namespace senvec {
namespace {

constexpr absl::string_view kMagic = "SVVECTOR";
constexpr uint32_t kVersion = 1;
constexpr uint64_t kMaxDim = 1 << 16;
constexpr uint64_t kHeadBytes = 8 + 4 + 4 + 8 + 8;

template <typename T>
T Read(absl::string_view bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

template <typename T>
void Append(T value, std::string& bytes) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

absl::Status Fault(absl::string_view where, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(where, ": ", what));
}

}  // namespace

absl::StatusOr<VectorSegment> ParseVectorSegment(absl::string_view bytes, absl::string_view where) {
  if (bytes.size() < kHeadBytes + sizeof(uint64_t) || bytes.substr(0, 8) != kMagic) {
    return Fault(where, "not a file of cached vectors");
  }
  if (Read<uint32_t>(bytes, 8) != kVersion) {
    return absl::FailedPreconditionError(absl::StrCat(
        where, ": format ", Read<uint32_t>(bytes, 8), ", this program reads ", kVersion));
  }
  const absl::string_view body = bytes.substr(0, bytes.size() - sizeof(uint64_t));
  if (Checksum64(body) != Read<uint64_t>(bytes, body.size())) {
    return Fault(where, "the checksum does not fit; the file is damaged");
  }
  const uint64_t dim = Read<uint32_t>(bytes, 12), count = Read<uint64_t>(bytes, 16);
  const uint64_t key = Read<uint64_t>(bytes, 24), rest = body.size() - kHeadBytes;
  const uint64_t per_row = VectorSegment::kHashBytes + dim * sizeof(float);
  if (dim == 0 || dim > kMaxDim || key > rest || count > (rest - key) / per_row ||
      count * per_row != rest - key) {
    return Fault(where, absl::StrCat(count, " vectors of ", dim, " do not fill its ", bytes.size(),
                                     " bytes"));
  }
  VectorSegment segment;
  segment.dim = static_cast<int32_t>(dim);
  segment.count = static_cast<int64_t>(count);
  segment.key = body.substr(kHeadBytes, key);
  segment.hashes = body.substr(kHeadBytes + key, count * VectorSegment::kHashBytes);
  segment.rows = body.substr(kHeadBytes + key + segment.hashes.size());
  return segment;
}

std::string WriteVectorSegment(const VectorSegment& segment) {
  std::string bytes(kMagic);
  bytes.reserve(kHeadBytes + segment.key.size() + segment.hashes.size() + segment.rows.size() + 8);
  Append(kVersion, bytes);
  Append(static_cast<uint32_t>(segment.dim), bytes);
  Append(static_cast<uint64_t>(segment.count), bytes);
  Append(static_cast<uint64_t>(segment.key.size()), bytes);
  absl::StrAppend(&bytes, segment.key, segment.hashes, segment.rows);
  Append(Checksum64(bytes), bytes);
  return bytes;
}

}  // namespace senvec
