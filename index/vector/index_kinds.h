#pragma once

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mapped_file.h"
#include "index/vector/row_table.h"
#include "index/vector/vector_file.h"
#include "index/vector/vector_file_writer.h"
#include "index/vector/vector_index.h"

namespace senvec {

// What a kind of index gives to BuildVectorIndex() and OpenVectorIndex(): how it writes its parts after the rows, which
// are in the file and mapped, and how it opens them. `options` are resolved and valid.
struct BuildInput {
  const VectorIndexOptions& options;
  const RowTable& rows;
  int64_t num_rows;
  const BuildContext& context;
};

absl::StatusOr<std::unique_ptr<VectorIndex>> OpenExactIndex(std::shared_ptr<const MappedFile> bytes,
                                                            const VectorFile& file, const DistanceKernels& kernels);

absl::Status WriteHnswIndex(const BuildInput& input, VectorFileWriter& writer);
absl::StatusOr<std::unique_ptr<VectorIndex>> OpenHnswIndex(std::shared_ptr<const MappedFile> bytes,
                                                           const VectorFile& file, const DistanceKernels& kernels);

absl::Status WriteIvfIndex(const BuildInput& input, VectorFileWriter& writer);
absl::StatusOr<std::unique_ptr<VectorIndex>> OpenIvfIndex(std::shared_ptr<const MappedFile> bytes,
                                                          const VectorFile& file, const DistanceKernels& kernels);

// What all kinds ask of a file: rows and row ids of the right size, ids ascending.
struct StoredRows {
  RowTable table;
  absl::Span<const uint32_t> row_ids;
};
absl::StatusOr<StoredRows> OpenStoredRows(const VectorFile& file, const DistanceKernels& kernels);

}  // namespace senvec
