#include "index/segment_folder.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mapped_file.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

constexpr size_t kHeadBytes = 4096;

struct Head {
  int64_t bytes;
  uint64_t checksum;
};

absl::StatusOr<Head> ReadHead(const std::string& path) {
  SENVEC_ASSIGN_OR_RETURN(const auto file, MappedFile::Open(path));
  return Head{static_cast<int64_t>(file->bytes().size()), Checksum64(file->bytes().substr(0, kHeadBytes))};
}

}  // namespace

std::string SegmentFolder::Path(absl::string_view file) const { return JoinPath(directory_, file); }

absl::StatusOr<SegmentFolder::Segment> SegmentFolder::Build(int64_t number, const StoredRows& rows,
                                                            const BuildContext& context) const {
  Segment segment;
  segment.entry.file = absl::StrFormat("%08d.idx", number);
  const std::string path = Path(segment.entry.file);
  BuildContext with_ids = context;
  with_ids.row_ids = rows.ids();
  SENVEC_ASSIGN_OR_RETURN(segment.index, BuildVectorIndex(options_, rows, path, with_ids));
  SENVEC_ASSIGN_OR_RETURN(const Head head, ReadHead(path));
  segment.entry.num_rows = segment.index->size();
  segment.entry.bytes = head.bytes;
  segment.entry.head_checksum = head.checksum;
  return segment;
}

absl::StatusOr<std::shared_ptr<const VectorIndex>> SegmentFolder::Open(const SegmentEntry& entry,
                                                                         int64_t verify_bytes) const {
  const std::string path = Path(entry.file);
  const absl::StatusOr<Head> head = ReadHead(path);
  if (!head.ok()) return absl::DataLossError(head.status().message());
  if (head->bytes != entry.bytes || head->checksum != entry.head_checksum) {
    return absl::DataLossError(absl::StrCat(path, " is not the file that the collection wrote: it has ", head->bytes,
                                            " bytes of ", entry.bytes, ", or another head"));
  }
  SENVEC_ASSIGN_OR_RETURN(std::shared_ptr<const VectorIndex> index, OpenVectorIndex(path, entry.bytes <= verify_bytes));
  const VectorIndexOptions& found = index->options();
  if (found.dim != options_.dim || found.metric != options_.metric || index->size() != entry.num_rows ||
      static_cast<int64_t>(index->row_ids().size()) != entry.num_rows) {
    return absl::DataLossError(absl::StrCat(path, " does not belong to this collection"));
  }
  return index;
}

void SegmentFolder::Remove(absl::string_view file) const { ::unlink(Path(file).c_str()); }

void SegmentFolder::RemoveUnlisted(const SegmentList& list) const {
  std::error_code error;
  for (const auto& found : std::filesystem::directory_iterator(directory_, error)) {
    const std::string name = found.path().filename().string();
    const bool is_listed = std::any_of(list.segments.begin(), list.segments.end(),
                                       [&](const SegmentEntry& entry) { return entry.file == name; });
    if (!is_listed) Remove(name);
  }
}

}  // namespace senvec
