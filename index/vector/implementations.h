#pragma once

#include <memory>

#include "index/vector/index_file.h"
#include "index/vector/mutable_index.h"

namespace senvec {

// The kinds behind MutableIndex::Create() and Open(). Options are valid, files have passed their checksums.
std::unique_ptr<MutableIndex> MakeExactIndex(const VectorIndexOptions& options);
absl::StatusOr<std::unique_ptr<MutableIndex>> OpenExactIndex(const IndexFile& file, absl::string_view where);

absl::StatusOr<std::unique_ptr<MutableIndex>> MakeHnswIndex(const VectorIndexOptions& options);
absl::StatusOr<std::unique_ptr<MutableIndex>> OpenHnswIndex(const IndexFile& file, absl::string_view where);

}  // namespace senvec
