#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "index/row_key.h"

namespace senvec {

// Keys of Table::kMeta.
constexpr char kStateKey[] = "state";
constexpr char kSegmentsKey[] = "segments";
constexpr char kRemovedKey[] = "removed";  // a bitmap of the rows that are no more, by merging
constexpr char kNotePrefix[] = "note/";

// Changes with every write.
struct CollectionState {
  std::string uuid;           // that of COLLECTION.json: files of another collection do not pass
  int64_t next_row = 0;       // [0, kMaxRows]
  int64_t num_documents = 0;
  friend bool operator==(const CollectionState&, const CollectionState&) = default;
};

// One index on disk.
struct SegmentEntry {
  std::string file;         // in the folder "segments"
  int64_t num_rows = 0;     // removed ones included
  int64_t bytes = 0;
  uint64_t head_checksum = 0;  // XXH3 of the first 4 KiB, which hold the checksums of the rest
  friend bool operator==(const SegmentEntry&, const SegmentEntry&) = default;
};

// The indexes there are. They follow each other: every row of one is smaller than every row of the next.
struct SegmentList {
  int64_t next_file = 1;    // number of the next file
  int64_t indexed_end = 0;  // rows from here on are in no segment
  std::vector<SegmentEntry> segments;
  friend bool operator==(const SegmentList&, const SegmentList&) = default;
};

std::string SerializeState(const CollectionState& state);
std::string SerializeSegments(const SegmentList& list);
// DataLoss names `where` and the fault.
absl::StatusOr<CollectionState> ParseState(absl::string_view bytes, absl::string_view where);
absl::StatusOr<SegmentList> ParseSegments(absl::string_view bytes, absl::string_view where);

}  // namespace senvec
