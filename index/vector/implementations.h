#pragma once

#include <memory>

#include "index/vector/index_file.h"
#include "index/vector/vector_index.h"

namespace senvec {

// The kinds behind VectorIndex::Create() and Open(). Options are valid, files have passed their checksums.
std::unique_ptr<VectorIndex> MakeExactIndex(const VectorIndexOptions& options);
absl::StatusOr<std::unique_ptr<VectorIndex>> OpenExactIndex(const IndexFile& file, absl::string_view where);

absl::StatusOr<std::unique_ptr<VectorIndex>> MakeHnswIndex(const VectorIndexOptions& options);
absl::StatusOr<std::unique_ptr<VectorIndex>> OpenHnswIndex(const IndexFile& file, absl::string_view where);

}  // namespace senvec
