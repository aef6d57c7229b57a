#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "bulk/record_source.h"
#include "cli/flag_set.h"
#include "index/vector/vector_options.h"

namespace senvec {

// The flags that say what an index is made of.
struct IndexFlags {
  std::string kind = "auto", metric = "cosine", codes = "int8", rescoring = "fp32";
  int64_t m = 16, ef_construction = 200, ef_search = 64, nlist = 0, nprobe = 0;
};
void DeclareIndexFlags(FlagSet& flags, IndexFlags& index);
// A usage error names the flag.
absl::StatusOr<VectorIndexOptions> IndexOptionsOf(const IndexFlags& flags, int32_t dim);

// The flags that say where documents come from.
struct SourceFlags {
  std::string input, format, vectors, ids;
};
void DeclareSourceFlags(FlagSet& flags, SourceFlags& source);
// A usage error names the flag.
absl::StatusOr<RecordSourceOptions> SourceOptionsOf(const SourceFlags& flags);

// Declares --index DIR, required.
void DeclareIndexFolder(FlagSet& flags, std::string& index);

}  // namespace senvec
