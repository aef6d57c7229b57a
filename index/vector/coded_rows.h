#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
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

// As what a RowTable is made with whose rows are kept as options.codes says, which is fp32 or fp16.
inline VectorIndexOptions FloatCodeOptions(const VectorIndexOptions& options) {
  VectorIndexOptions stored = options;
  stored.rescoring = options.codes;
  return stored;
}

// A codec, trained on some of the rows.
std::unique_ptr<const RowCodec> TrainCodec(const BuildInput& input);
// Codes of rows row_of(0), row_of(1), … on all threads: count × code_bytes() and, where there are any, count factors,
// which are not complete.
void EncodeSome(const BuildInput& input, const RowCodec& codec, size_t count, absl::FunctionRef<size_t(size_t)> row_of,
                uint8_t* codes, RowFactor* factors);
// Trains a codec and encodes all rows.
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

// Write the parts that kinds with candidates share.
absl::Status WritePlaces(const Places& places, const RowCodec& codec, VectorFileWriter& writer);
// Codes and factors that are in the order of places already.
absl::Status WriteCodes(const EncodedRows& rows, VectorFileWriter& writer);
// Where options.codes are floats: these rows, as such.
absl::Status WriteFloatCodes(const BuildInput& input, absl::Span<const uint32_t> rows, VectorFileWriter& writer);

// The same parts of a file, of the right sizes, with rows and places that are there. Views.
struct StoredCodes {
  std::unique_ptr<const RowCodec> codec;
  absl::string_view codes, factors, places, repeats;
};
absl::StatusOr<StoredCodes> OpenStoredCodes(const VectorFile& file, uint64_t num_coded, Isa isa);

}  // namespace senvec
