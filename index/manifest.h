#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "index/collection.h"

namespace senvec {

// One file of a saved collection.
struct ManifestFile {
  std::string name;
  uint64_t bytes = 0;
  uint64_t checksum = 0;  // XXH3, 64 bits
};

// What a collection's folder holds: which generation of files counts, and what was remembered about the collection.
// Replacing the manifest is what makes a save happen.
struct Manifest {
  CollectionOptions options;
  int64_t generation = 0;
  int64_t next_row_id = 0;
  int64_t num_documents = 0;
  ManifestFile documents;
  ManifestFile vectors;
};

constexpr char kManifestName[] = "MANIFEST.json";

std::string SerializeManifest(const Manifest& manifest);
// DataLoss names `where` and the fault; FailedPrecondition for a newer format.
absl::StatusOr<Manifest> ParseManifest(absl::string_view text, absl::string_view where);

}  // namespace senvec
