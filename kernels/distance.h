#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/isa.h"

namespace senvec {

// Some rows of a table: row i begins at base + ids[i]·stride bytes, or base + i·stride where ids is null.
struct RowsView {
  const void* base;
  size_t stride;
  const uint32_t* ids;
  size_t count;
};

// Codes of one row are u8, 128 more than the signed code they stand for, those of a query s8 in [−127, 127]. Both are
// filled up to a multiple of kCodeStep values, the query with zeros.
inline constexpr size_t kCodeStep = 64;
constexpr size_t PaddedCodes(size_t n) { return (n + kCodeStep - 1) / kCodeStep * kCodeStep; }

// How near rows are to a query, for one instruction set. Pointers need no alignment. A row's result has the same bits
// whatever rows are beside it; across instruction sets the last bits of floats may differ, never those of integers.
struct DistanceKernels {
  Isa isa;

  // out[i] = Σ query·row_i, and Σ (query − row_i)², over n values; rows of float, or of IEEE half floats that are finite.
  using FloatRows = void (*)(const float* query, const RowsView& rows, size_t n, float* out);
  FloatRows dot_fp32, l2_fp32, dot_fp16, l2_fp16;

  // out[i] = Σ query·row_i over n codes, n a multiple of kCodeStep and at most 65536. Asks for rows ahead of their use.
  void (*dot_codes)(const int8_t* query, const RowsView& rows, size_t n, int32_t* out);
  // The same for several queries, query j at queries + j·n: out[j·out_stride + i].
  void (*dot_codes_block)(const int8_t* queries, size_t num_queries, const RowsView& rows, size_t n, int32_t* out,
                          size_t out_stride);

  // Rounded to nearest even; what is too great for a half float becomes infinite.
  void (*to_fp16)(const float* x, size_t n, uint16_t* out);
  void (*from_fp16)(const uint16_t* x, size_t n, float* out);
};

const DistanceKernels& DistanceKernelsFor(Isa isa);

}  // namespace senvec
