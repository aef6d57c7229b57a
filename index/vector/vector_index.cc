#include "index/vector/vector_index.h"

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "index/vector/implementations.h"
#include "index/vector/index_file.h"

namespace senvec {

absl::StatusOr<IndexKind> ParseIndexKind(absl::string_view name) {
  if (name == "exact") return IndexKind::kExact;
  if (name == "hnsw") return IndexKind::kHnsw;
  return absl::InvalidArgumentError(absl::StrCat("unknown index kind \"", name, "\"; it is exact or hnsw"));
}

absl::string_view IndexKindName(IndexKind kind) { return kind == IndexKind::kExact ? "exact" : "hnsw"; }

absl::StatusOr<Metric> ParseMetric(absl::string_view name) {
  if (name == "cosine") return Metric::kCosine;
  if (name == "ip") return Metric::kInnerProduct;
  if (name == "l2") return Metric::kL2;
  return absl::InvalidArgumentError(absl::StrCat("unknown metric \"", name, "\"; it is cosine, ip or l2"));
}

absl::string_view MetricName(Metric metric) {
  switch (metric) {
    case Metric::kCosine:
      return "cosine";
    case Metric::kInnerProduct:
      return "ip";
    case Metric::kL2:
      return "l2";
  }
  SENVEC_CHECK(false && "unknown Metric");
}

absl::Status VectorIndexOptions::Validate() const {
  struct Field {
    const char* name;
    int32_t value, low, high;
  };
  for (const Field& field : {Field{"dim", dim, 1, 65536}, Field{"m", m, 2, 256},
                             Field{"ef_construction", ef_construction, m, 10000},
                             Field{"ef_search", ef_search, 1, 100000}}) {
    if (field.value >= field.low && field.value <= field.high) continue;
    return absl::InvalidArgumentError(absl::StrCat("index option ", field.name, " is ", field.value,
                                                   "; it must be in [", field.low, ", ", field.high, "]"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<VectorIndex>> VectorIndex::Create(const VectorIndexOptions& options) {
  SENVEC_RETURN_IF_ERROR(options.Validate());
  if (options.kind == IndexKind::kExact) return MakeExactIndex(options);
  return MakeHnswIndex(options);
}

absl::StatusOr<std::unique_ptr<VectorIndex>> VectorIndex::Open(const std::string& path) {
  SENVEC_ASSIGN_OR_RETURN(const IndexFile file, ReadIndexFile(path));
  if (file.options.kind == IndexKind::kExact) return OpenExactIndex(file, path);
  return OpenHnswIndex(file, path);
}

}  // namespace senvec
