#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "index/vector/index_kinds.h"
#include "index/vector/row_codec.h"

namespace senvec {

// The rows of a build in codes, by row.
struct EncodedRows {
  std::unique_ptr<const RowCodec> codec;
  std::vector<uint8_t> codes;
  std::vector<RowFactor> factors;  // none for cosine
};

// Trains a codec on some of the rows and encodes all, on all threads.
EncodedRows EncodeRows(const BuildInput& input);

// Sentences repeat, and so do their vectors. Of rows with the same codes the first stands for all.
struct DistinctRows {
  std::vector<uint32_t> first;                        // ascending
  std::vector<std::pair<uint32_t, uint32_t>> others;  // position in `first`, row; ascending
};
// Leaves only the codes and factors of the rows in `first`.
DistinctRows KeepDistinct(EncodedRows& rows);

// Where rows are found: place i < num_coded holds the row whose codes are number i, later ones those of repeats.
struct Places {
  std::vector<uint32_t> rows;
  std::vector<uint32_t> repeats;  // pairs
};
// order: code → position in `distinct.first`.
Places ArrangePlaces(const DistinctRows& distinct, absl::Span<const uint32_t> order);

// Writes the parts that coded kinds share; codes and factors are in the order of places.
absl::Status WriteCodedRows(const VectorIndexOptions& options, const EncodedRows& rows, const Places& places,
                            VectorFileWriter& writer);

// The same parts of a file, of the right sizes, with rows and places that are there. Views.
struct StoredCodes {
  std::unique_ptr<const RowCodec> codec;
  absl::string_view codes, factors, places, repeats;
};
absl::StatusOr<StoredCodes> OpenStoredCodes(const VectorFile& file, uint64_t num_coded, Isa isa);

}  // namespace senvec
