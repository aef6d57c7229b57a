#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "index/vector/vector_options.h"

namespace senvec {

// The parts of a vector index's file (docs/formats.md).
enum class VectorSection : uint32_t {
  kRows,        // rescoring rows, num_rows × dim
  kRowIds,      // u32 a row; absent or empty when none were given; checked at every opening
  kCodeTable,   // what codes are made with: checked at every opening
  kCodes,       // u8 codes, a row of code bytes for each of the first places
  kFactors,     // float step and bias of each of them, for metrics other than cosine
  kPlaces,      // u32: the row at each place; rows whose codes are those of another come last
  kRepeats,     // u32 pairs: a place that has such rows, ascending, and where among the places they begin
  kGraphTable,  // hnsw: u32 nodes of each level, from the lowest on; checked at every opening
  kLinks,       // hnsw: u32, 2m a node of the lowest level, then m a node of each level above
  kListTable,   // ivf: u64 end of each list; checked at every opening
  kCentres,     // ivf: u8 codes of the lists' centres
};
inline constexpr uint32_t kNumVectorSections = 11;
inline constexpr uint64_t kSectionAlignment = 4096;

// What stands in front: fixed in size, with the place, length and checksum of each part.
struct VectorFileHeader {
  char magic[8];
  uint32_t version;
  uint32_t kind, metric, dim, m, ef_construction, ef_search, nlist, nprobe, codes, rescoring;
  uint32_t reserved[3];
  uint64_t num_rows;
  uint64_t file_bytes;
  struct Section {
    uint64_t offset, bytes, checksum;
  } sections[kNumVectorSections];
  uint64_t header_checksum;  // of all that comes before it
};
static_assert(sizeof(VectorFileHeader) == 64 + 16 + 11 * 24 + 8);

// The header's parts that options are made of, and back.
void SetOptions(const VectorIndexOptions& options, VectorFileHeader& header);
VectorIndexOptions OptionsOf(const VectorFileHeader& header);

// A vector index's file whose header, lengths and tables are as they were written. A view of `bytes`.
class VectorFile {
 public:
  // DataLoss names `where` and the fault; FailedPrecondition for a newer version. `verify`: checks every part.
  static absl::StatusOr<VectorFile> Parse(absl::string_view bytes, absl::string_view where, bool verify);

  const VectorFileHeader& header() const { return header_; }
  const VectorIndexOptions& options() const { return options_; }
  int64_t num_rows() const { return static_cast<int64_t>(header_.num_rows); }
  const std::string& where() const { return where_; }

  absl::string_view section(VectorSection section) const {
    const VectorFileHeader::Section& place = header_.sections[static_cast<uint32_t>(section)];
    return bytes_.substr(place.offset, place.bytes);
  }
  // The part, when it has just this many bytes; else DataLoss.
  absl::StatusOr<absl::string_view> Expect(VectorSection section, absl::string_view name, uint64_t bytes) const;
  absl::Status Damaged(absl::string_view fault) const;

 private:
  VectorFileHeader header_;
  VectorIndexOptions options_;
  absl::string_view bytes_;
  std::string where_;
};

// Seals a header that is complete but for its checksum.
void SealHeader(VectorFileHeader& header);

}  // namespace senvec
