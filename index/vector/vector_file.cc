#include "index/vector/vector_file.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/hash.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

constexpr char kMagic[8] = {'S', 'E', 'N', 'V', 'V', 'E', 'C', '\n'};
constexpr uint32_t kVersion = 1;
constexpr uint64_t kMostRows = uint64_t{1} << 31;

constexpr absl::string_view kSectionNames[kNumVectorSections] = {
    "rows", "row ids", "code table", "codes", "factors", "places", "repeats", "graph table", "links", "list table", "centres"};

// Small, and what the reading of everything else leans on.
bool IsTable(uint32_t section) {
  const auto which = static_cast<VectorSection>(section);
  return which == VectorSection::kRowIds || which == VectorSection::kCodeTable || which == VectorSection::kGraphTable ||
         which == VectorSection::kListTable;
}

uint64_t HeaderChecksum(const VectorFileHeader& header) {
  return Checksum64({reinterpret_cast<const char*>(&header), offsetof(VectorFileHeader, header_checksum)});
}

}  // namespace

void SetOptions(const VectorIndexOptions& options, VectorFileHeader& header) {
  std::memcpy(header.magic, kMagic, sizeof(kMagic));
  header.version = kVersion;
  header.kind = static_cast<uint32_t>(options.kind);
  header.metric = static_cast<uint32_t>(options.metric);
  header.dim = static_cast<uint32_t>(options.dim);
  header.m = static_cast<uint32_t>(options.m);
  header.ef_construction = static_cast<uint32_t>(options.ef_construction);
  header.ef_search = static_cast<uint32_t>(options.ef_search);
  header.nlist = static_cast<uint32_t>(options.nlist);
  header.nprobe = static_cast<uint32_t>(options.nprobe);
  header.codes = static_cast<uint32_t>(options.codes);
  header.rescoring = static_cast<uint32_t>(options.rescoring);
}

VectorIndexOptions OptionsOf(const VectorFileHeader& header) {
  return {.kind = static_cast<IndexKind>(header.kind),
          .metric = static_cast<Metric>(header.metric),
          .dim = static_cast<int32_t>(header.dim),
          .m = static_cast<int32_t>(header.m),
          .ef_construction = static_cast<int32_t>(header.ef_construction),
          .ef_search = static_cast<int32_t>(header.ef_search),
          .nlist = static_cast<int32_t>(header.nlist),
          .nprobe = static_cast<int32_t>(header.nprobe),
          .codes = static_cast<VectorStorage>(header.codes),
          .rescoring = static_cast<VectorStorage>(header.rescoring)};
}

void SealHeader(VectorFileHeader& header) { header.header_checksum = HeaderChecksum(header); }

absl::Status VectorFile::Damaged(absl::string_view fault) const {
  return absl::DataLossError(
      absl::StrCat(where_, " is damaged: ", fault, "; build the index again from the stored vectors"));
}

absl::StatusOr<absl::string_view> VectorFile::Expect(VectorSection which, absl::string_view name,
                                                     uint64_t bytes) const {
  const absl::string_view found = section(which);
  if (found.size() != bytes) {
    return Damaged(absl::StrCat("its ", name, " have ", found.size(), " bytes, not ", bytes));
  }
  return found;
}

absl::StatusOr<VectorFile> VectorFile::Parse(absl::string_view bytes, absl::string_view where, bool verify) {
  VectorFile file;
  file.bytes_ = bytes;
  file.where_ = std::string(where);
  VectorFileHeader& header = file.header_;
  if (bytes.size() < sizeof(header)) {
    return file.Damaged(absl::StrCat("it has ", bytes.size(), " bytes, its header alone has ", sizeof(header)));
  }
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (std::memcmp(header.magic, kMagic, sizeof(kMagic)) != 0) {
    return file.Damaged("it does not begin as a Senvec vector index does");
  }
  // A newer version's header may be longer, with its checksum elsewhere.
  if (header.version > kVersion) {
    return absl::FailedPreconditionError(absl::StrCat(where, " has format version ", header.version,
                                                      ", this program reads up to ", kVersion,
                                                      "; use the newer Senvec that wrote it"));
  }
  if (header.header_checksum != HeaderChecksum(header)) return file.Damaged("its header's checksum is wrong");
  if (header.file_bytes != bytes.size()) {
    return file.Damaged(absl::StrCat("it has ", bytes.size(), " bytes, ", header.file_bytes, " were written"));
  }
  if (header.kind > static_cast<uint32_t>(IndexKind::kIvf) || header.metric > static_cast<uint32_t>(Metric::kL2) ||
      header.codes > static_cast<uint32_t>(VectorStorage::kInt8) ||
      header.rescoring > static_cast<uint32_t>(VectorStorage::kFp16)) {
    return file.Damaged("its kind, metric or storage is unknown");
  }
  file.options_ = OptionsOf(header);
  if (absl::Status valid = file.options_.Validate(); !valid.ok()) return file.Damaged(valid.message());
  if (header.num_rows > kMostRows) return file.Damaged("its sizes are out of range");
  for (uint32_t i = 0; i < kNumVectorSections; ++i) {
    const VectorFileHeader::Section& place = header.sections[i];
    if (place.offset > bytes.size() || place.bytes > bytes.size() - place.offset ||
        place.offset % kSectionAlignment != 0) {
      return file.Damaged(absl::StrCat("its ", kSectionNames[i], " lie outside of it"));
    }
    if ((verify || IsTable(i)) && Checksum64(bytes.substr(place.offset, place.bytes)) != place.checksum) {
      return file.Damaged(absl::StrCat("the checksum of its ", kSectionNames[i], " is wrong"));
    }
  }
  return file;
}

}  // namespace senvec
