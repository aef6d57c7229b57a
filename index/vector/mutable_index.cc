#include "index/vector/mutable_index.h"

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "index/vector/implementations.h"
#include "index/vector/index_file.h"

namespace senvec {

absl::StatusOr<std::unique_ptr<MutableIndex>> MutableIndex::Create(const VectorIndexOptions& options) {
  SENVEC_RETURN_IF_ERROR(options.Validate());
  if (options.kind != IndexKind::kExact && options.kind != IndexKind::kHnsw) {
    return absl::InvalidArgumentError(
        absl::StrCat("a collection's index cannot be ", IndexKindName(options.kind), "; it is exact or hnsw"));
  }
  if (options.kind == IndexKind::kExact) return MakeExactIndex(options);
  return MakeHnswIndex(options);
}

absl::StatusOr<std::unique_ptr<MutableIndex>> MutableIndex::Open(const std::string& path) {
  SENVEC_ASSIGN_OR_RETURN(const IndexFile file, ReadIndexFile(path));
  if (file.options.kind == IndexKind::kExact) return OpenExactIndex(file, path);
  return OpenHnswIndex(file, path);
}

}  // namespace senvec
