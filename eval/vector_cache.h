#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "base/mapped_file.h"

namespace senvec {

// Everything that a sentence's vector depends on but the sentence itself.
struct VectorKey {
  std::string model_fingerprint;
  std::string precision;
  std::string isa;        // the last bits differ between instruction sets
  std::string pooling;
  std::string whitening;  // fingerprint; empty = none
  std::string prompt;     // the text itself, not its name
  int32_t max_tokens = 0;
  int32_t dim = 0;

  // The same text for equal keys, another for others: JSON with every field.
  std::string ToText() const;
};

// One file of vectors, as it lies in memory. Points into the bytes it was parsed from.
struct VectorSegment {
  absl::string_view key;     // VectorKey::ToText()
  absl::string_view hashes;  // count × kHashBytes
  absl::string_view rows;    // count × dim floats, unaligned
  int64_t count = 0;
  int32_t dim = 0;

  static constexpr size_t kHashBytes = 32;
};

// Checks magic, version, lengths and checksum before anything is believed. InvalidArgument names
// `where` and the fault; FailedPrecondition a version from another program version.
absl::StatusOr<VectorSegment> ParseVectorSegment(absl::string_view bytes, absl::string_view where);

// Vectors of sentences on disk: a folder for each key, with files that are written whole and never
// changed. A file that is damaged or belongs to another key is passed over, named in skipped(), and
// its sentences are encoded anew. Not thread-safe.
class VectorCache {
 public:
  // An empty `folder` keeps vectors in memory only.
  static absl::StatusOr<std::unique_ptr<VectorCache>> Open(const std::string& folder,
                                                           const VectorKey& key);

  // Copies the sentence's vector to `row` (dim floats); false when it is not there.
  bool Find(absl::string_view text, absl::Span<float> row) const;
  // rows: texts.size() × dim. Written and synced on return. Texts already there are kept as they were.
  absl::Status Add(absl::Span<const std::string> texts, absl::Span<const float> rows);

  int64_t size() const { return static_cast<int64_t>(rows_.size()); }
  // Files that were not used, each with the reason.
  const std::vector<std::string>& skipped() const { return skipped_; }

 private:
  VectorCache(std::string folder, std::string key, int32_t dim)
      : folder_(std::move(folder)), key_(std::move(key)), dim_(dim) {}
  absl::Status LoadAll();
  absl::Status Load(const std::string& path);
  void Index(const VectorSegment& segment);

  const std::string folder_;
  const std::string key_;
  const int32_t dim_;
  int64_t next_file_ = 0;
  std::vector<std::shared_ptr<const MappedFile>> files_;
  std::vector<std::unique_ptr<std::string>> in_memory_;
  absl::flat_hash_map<std::string, const char*> rows_;  // by hash of the text
  std::vector<std::string> skipped_;
};

}  // namespace senvec
