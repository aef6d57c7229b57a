#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "index/catalog.h"
#include "index/row_reader.h"
#include "index/vector/vector_index.h"

namespace senvec {

// The folder of a collection's index files.
class SegmentFolder {
 public:
  SegmentFolder(std::string directory, const VectorIndexOptions& options)
      : directory_(std::move(directory)), options_(options) {}

  const std::string& directory() const { return directory_; }
  std::string Path(absl::string_view file) const;

  struct Segment {
    SegmentEntry entry;
    std::shared_ptr<const VectorIndex> index;
  };
  // Builds file `number` of `rows`; on error no file is left.
  absl::StatusOr<Segment> Build(int64_t number, const StoredRows& rows, const BuildContext& context) const;
  // DataLoss names file and fault when it is not the file that `entry` stands for. A file of at most `verify_bytes` is read
  // through; of a larger one only what every other part is found by.
  absl::StatusOr<std::shared_ptr<const VectorIndex>> Open(const SegmentEntry& entry, int64_t verify_bytes) const;
  void Remove(absl::string_view file) const;
  // What interrupted builds left behind.
  void RemoveUnlisted(const SegmentList& list) const;

 private:
  const std::string directory_;
  const VectorIndexOptions options_;
};

}  // namespace senvec
