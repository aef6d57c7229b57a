#pragma once

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "index/vector/row_codec.h"

namespace senvec {

class ThreadPool;

// Centres in codes, as rows of a table: value = step · (code − 128); bias = −|centre|².
struct Centres {
  std::vector<uint8_t> codes;  // n × code_bytes
  std::vector<RowFactor> factors;
  size_t size() const { return factors.size(); }
};

// Codes of rows in the same form. `step` holds for all where `factors` is null.
struct CodedTable {
  const uint8_t* codes;
  size_t code_bytes;
  const RowFactor* factors;
  float step;
  size_t rows;

  const uint8_t* row(size_t r) const { return codes + r * code_bytes; }
  float step_of(size_t r) const { return factors != nullptr ? factors[r].step : step; }
};

// Rows a centre that are enough to place it.
inline constexpr size_t kRowsACentre = 64;

// Lloyd's algorithm by Euclidean distance over the codes of some rows, at least `count`; the same centres whatever the
// threads. `progress` is asked before each round; false stops, and the result is empty.
Centres FindCentres(const CodedTable& sample, size_t count, const DistanceKernels& kernels, ThreadPool* pool,
                    absl::FunctionRef<bool()> progress);

// The nearest centre of each row, the first of equally near ones.
std::vector<uint32_t> NearestCentres(const CodedTable& table, const Centres& centres, const DistanceKernels& kernels,
                                     ThreadPool* pool);

}  // namespace senvec
