#include "index/vector/index_file.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mapped_file.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

constexpr char kMagic[8] = {'S', 'E', 'N', 'V', 'I', 'D', 'X', '\n'};
constexpr uint32_t kVersion = 1;

// Little-endian, as every platform that we build for.
struct Header {
  char magic[8];
  uint32_t version;
  uint32_t kind;
  uint32_t metric;
  uint32_t dim;
  uint32_t m;
  uint32_t ef_construction;
  uint32_t ef_search;
  uint32_t reserved;
  uint64_t num_rows;
  uint64_t payload_bytes;
  uint64_t payload_checksum;
  uint64_t header_checksum;  // of all that comes before it
};
static_assert(sizeof(Header) == 72);

uint64_t HeaderChecksum(const Header& header) {
  return Checksum64({reinterpret_cast<const char*>(&header), offsetof(Header, header_checksum)});
}

absl::Status Damaged(absl::string_view where, absl::string_view fault) {
  return absl::DataLossError(
      absl::StrCat(where, " is damaged: ", fault, "; restore it from a backup or build the index again"));
}

}  // namespace

absl::Status WriteIndexFile(const std::string& path, const IndexFile& file) {
  Header header = {};
  std::memcpy(header.magic, kMagic, sizeof(kMagic));
  header.version = kVersion;
  header.kind = static_cast<uint32_t>(file.options.kind);
  header.metric = static_cast<uint32_t>(file.options.metric);
  header.dim = static_cast<uint32_t>(file.options.dim);
  header.m = static_cast<uint32_t>(file.options.m);
  header.ef_construction = static_cast<uint32_t>(file.options.ef_construction);
  header.ef_search = static_cast<uint32_t>(file.options.ef_search);
  header.num_rows = static_cast<uint64_t>(file.num_rows);
  header.payload_bytes = file.payload.size();
  header.payload_checksum = Checksum64(file.payload);
  header.header_checksum = HeaderChecksum(header);
  return WriteFileAtomically(
      path, absl::StrCat(absl::string_view(reinterpret_cast<const char*>(&header), sizeof(header)), file.payload));
}

absl::StatusOr<IndexFile> ParseIndexFile(absl::string_view bytes, absl::string_view where) {
  Header header;
  if (bytes.size() < sizeof(header)) {
    return Damaged(where, absl::StrCat("it has ", bytes.size(), " bytes, its header alone has ", sizeof(header)));
  }
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (std::memcmp(header.magic, kMagic, sizeof(kMagic)) != 0) {
    return Damaged(where, "it does not begin as a Senvec index does");
  }
  if (header.header_checksum != HeaderChecksum(header)) return Damaged(where, "its header's checksum is wrong");
  if (header.version > kVersion) {
    return absl::FailedPreconditionError(absl::StrCat(where, " has format version ", header.version,
                                                      ", this program reads up to ", kVersion,
                                                      "; use the newer Senvec that wrote it"));
  }
  const absl::string_view payload = bytes.substr(sizeof(header));
  if (payload.size() != header.payload_bytes) {
    return Damaged(where, absl::StrCat("it has ", payload.size(), " bytes after the header, ", header.payload_bytes,
                                       " were written"));
  }
  if (Checksum64(payload) != header.payload_checksum) return Damaged(where, "its content's checksum is wrong");
  IndexFile file;
  file.options = {.kind = static_cast<IndexKind>(header.kind),
                  .metric = static_cast<Metric>(header.metric),
                  .dim = static_cast<int32_t>(header.dim),
                  .m = static_cast<int32_t>(header.m),
                  .ef_construction = static_cast<int32_t>(header.ef_construction),
                  .ef_search = static_cast<int32_t>(header.ef_search)};
  if (header.kind > static_cast<uint32_t>(IndexKind::kHnsw) || header.metric > static_cast<uint32_t>(Metric::kL2)) {
    return Damaged(where, "its kind or metric is unknown");
  }
  if (absl::Status valid = file.options.Validate(); !valid.ok()) return Damaged(where, valid.message());
  file.num_rows = static_cast<int64_t>(header.num_rows);
  file.payload = std::string(payload);
  return file;
}

absl::StatusOr<IndexFile> ReadIndexFile(const std::string& path) {
  SENVEC_ASSIGN_OR_RETURN(const auto file, MappedFile::Open(path));
  return ParseIndexFile(file->bytes(), path);
}

}  // namespace senvec
