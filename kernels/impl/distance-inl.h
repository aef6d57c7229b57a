// Distances from queries to rows; see vector-inl.h for how this file is included. The including file gives, besides,
// FromHalf(): kLanes floats from as many half floats, ToHalf(): the other way, and the codes' CodeSum, CodeStep() and
// StoreSums().

constexpr size_t kRowGroup = 4;  // rows that are summed side by side, to hide the latency of one sum

SENVEC_INLINE const char* RowAt(const RowsView& rows, size_t i) {
  return static_cast<const char*>(rows.base) + (rows.ids != nullptr ? rows.ids[i] : i) * rows.stride;
}

struct Fp32Row {
  SENVEC_INLINE V Values(const char* row, size_t i) { return Load(reinterpret_cast<const float*>(row) + i); }
  SENVEC_INLINE V Rest(const char* row, size_t i, size_t left) {
    return LoadPart(reinterpret_cast<const float*>(row) + i, left, 0.0f);
  }
};

struct Fp16Row {
  SENVEC_INLINE V Values(const char* row, size_t i) { return FromHalf(reinterpret_cast<const uint16_t*>(row) + i); }
  SENVEC_INLINE V Rest(const char* row, size_t i, size_t left) {
    uint16_t halves[kLanes] = {};
    __builtin_memcpy(halves, reinterpret_cast<const uint16_t*>(row) + i, left * sizeof(uint16_t));
    return FromHalf(halves);
  }
};

struct DotTerm {
  SENVEC_INLINE V Add(V sum, V a, V b) { return sum + a * b; }
};
struct L2Term {
  SENVEC_INLINE V Add(V sum, V a, V b) {
    const V d = a - b;
    return sum + d * d;
  }
};

// kCount rows at once; each has two sums of its own, so that its bits do not depend on kCount.
template <typename Row, typename Term, size_t kCount>
SENVEC_INLINE void MeasureGroup(const float* query, const char* const* rows, size_t n, float* out) {
  V even[kCount], odd[kCount];
  SENVEC_UNROLL
  for (size_t r = 0; r < kCount; ++r) even[r] = odd[r] = V{};
  size_t i = 0;
  for (; i + 2 * kLanes <= n; i += 2 * kLanes) {
    const V q0 = Load(query + i), q1 = Load(query + i + kLanes);
    SENVEC_UNROLL
    for (size_t r = 0; r < kCount; ++r) {
      even[r] = Term::Add(even[r], q0, Row::Values(rows[r], i));
      odd[r] = Term::Add(odd[r], q1, Row::Values(rows[r], i + kLanes));
    }
  }
  if (i + kLanes <= n) {
    const V q = Load(query + i);
    SENVEC_UNROLL
    for (size_t r = 0; r < kCount; ++r) even[r] = Term::Add(even[r], q, Row::Values(rows[r], i));
    i += kLanes;
  }
  if (i < n) {
    const V q = LoadPart(query + i, n - i, 0.0f);
    SENVEC_UNROLL
    for (size_t r = 0; r < kCount; ++r) odd[r] = Term::Add(odd[r], q, Row::Rest(rows[r], i, n - i));
  }
  SENVEC_UNROLL
  for (size_t r = 0; r < kCount; ++r) out[r] = Sum(even[r] + odd[r]);
}

template <typename Row, typename Term>
void MeasureRows(const float* query, const RowsView& rows, size_t n, float* out) {
  size_t i = 0;
  for (; i + kRowGroup <= rows.count; i += kRowGroup) {
    const char* group[kRowGroup];
    SENVEC_UNROLL
    for (size_t r = 0; r < kRowGroup; ++r) group[r] = RowAt(rows, i + r);
    MeasureGroup<Row, Term, kRowGroup>(query, group, n, out + i);
  }
  for (; i < rows.count; ++i) {
    const char* row = RowAt(rows, i);
    MeasureGroup<Row, Term, 1>(query, &row, n, out + i);
  }
}

SENVEC_INLINE void PrefetchCodes(const char* row, size_t n) {
  for (size_t at = 0; at < n; at += 64) __builtin_prefetch(row + at, 0, 3);
}

template <size_t kQueriesAtOnce, size_t kCount>
SENVEC_INLINE void DotCodesGroup(const int8_t* queries, const char* const* rows, size_t n, int32_t* out,
                                 size_t out_stride) {
  CodeSum sums[kQueriesAtOnce * kCount];
  SENVEC_UNROLL
  for (size_t s = 0; s < kQueriesAtOnce * kCount; ++s) sums[s] = CodeSum{};
  for (size_t i = 0; i < n; i += kCodeLanes) {
    CodeVector query[kQueriesAtOnce];
    SENVEC_UNROLL
    for (size_t q = 0; q < kQueriesAtOnce; ++q) query[q] = LoadQueryCodes(queries + q * n + i);
    SENVEC_UNROLL
    for (size_t r = 0; r < kCount; ++r) {
      const CodeVector row = LoadRowCodes(rows[r] + i);
      SENVEC_UNROLL
      for (size_t q = 0; q < kQueriesAtOnce; ++q) {
        sums[q * kCount + r] = CodeStep(sums[q * kCount + r], row, query[q]);
      }
    }
  }
  SENVEC_UNROLL
  for (size_t q = 0; q < kQueriesAtOnce; ++q) StoreSums<kCount>(sums + q * kCount, out + q * out_stride);
}

void DotCodes(const int8_t* query, const RowsView& rows, size_t n, int32_t* out) {
  size_t i = 0;
  for (; i + kRowGroup <= rows.count; i += kRowGroup) {
    const char* group[kRowGroup];
    SENVEC_UNROLL
    for (size_t r = 0; r < kRowGroup; ++r) {
      group[r] = RowAt(rows, i + r);
      if (i + r + kRowGroup < rows.count) PrefetchCodes(RowAt(rows, i + r + kRowGroup), n);
    }
    DotCodesGroup<1, kRowGroup>(query, group, n, out + i, 0);
  }
  for (; i < rows.count; ++i) {
    const char* row = RowAt(rows, i);
    DotCodesGroup<1, 1>(query, &row, n, out + i, 0);
  }
}

void DotCodesBlock(const int8_t* queries, size_t num_queries, const RowsView& rows, size_t n, int32_t* out,
                   size_t out_stride) {
  size_t i = 0;
  for (; i + kRowGroup <= rows.count; i += kRowGroup) {
    const char* group[kRowGroup];
    SENVEC_UNROLL
    for (size_t r = 0; r < kRowGroup; ++r) group[r] = RowAt(rows, i + r);
    size_t q = 0;
    for (; q + kCodeQueries <= num_queries; q += kCodeQueries) {
      DotCodesGroup<kCodeQueries, kRowGroup>(queries + q * n, group, n, out + q * out_stride + i, out_stride);
    }
    for (; q < num_queries; ++q) {
      DotCodesGroup<1, kRowGroup>(queries + q * n, group, n, out + q * out_stride + i, out_stride);
    }
  }
  for (; i < rows.count; ++i) {
    const char* row = RowAt(rows, i);
    for (size_t q = 0; q < num_queries; ++q) DotCodesGroup<1, 1>(queries + q * n, &row, n, out + q * out_stride + i, 0);
  }
}

void RowToFp16(const float* x, size_t n, uint16_t* out) {
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) ToHalf(Load(x + i), out + i);
  if (i == n) return;
  uint16_t halves[kLanes];
  ToHalf(LoadPart(x + i, n - i, 0.0f), halves);
  __builtin_memcpy(out + i, halves, (n - i) * sizeof(uint16_t));
}

void RowFromFp16(const uint16_t* x, size_t n, float* out) {
  const char* row = reinterpret_cast<const char*>(x);
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) Store(out + i, Fp16Row::Values(row, i));
  if (i < n) StorePart(out + i, Fp16Row::Rest(row, i, n - i), n - i);
}

#define SENVEC_DISTANCE_TABLE(isa_value)                                                              \
  {                                                                                                   \
    .isa = isa_value, .dot_fp32 = MeasureRows<Fp32Row, DotTerm>, .l2_fp32 = MeasureRows<Fp32Row, L2Term>, \
    .dot_fp16 = MeasureRows<Fp16Row, DotTerm>, .l2_fp16 = MeasureRows<Fp16Row, L2Term>,               \
    .dot_codes = DotCodes, .dot_codes_block = DotCodesBlock, .to_fp16 = RowToFp16,                    \
    .from_fp16 = RowFromFp16                                                                          \
  }
