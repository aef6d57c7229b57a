// Vectors of kLanes floats for the instruction set of the including file. Included inside a target region, after
// kLanes is set; no guard, since every instruction set has its own copy in an unnamed namespace.
// SENVEC_HAS_AVX512 says that the including file may use AVX-512 F, BW, DQ and VL intrinsics, SENVEC_HAS_AVX2 those of AVX2
// and FMA.

typedef float V __attribute__((vector_size(kLanes * sizeof(float))));
typedef int VI __attribute__((vector_size(kLanes * sizeof(int))));
typedef float VUnaligned __attribute__((vector_size(kLanes * sizeof(float)), aligned(4), may_alias));
typedef int VIUnaligned __attribute__((vector_size(kLanes * sizeof(int)), aligned(1), may_alias));
typedef uint16_t VHalves __attribute__((vector_size(kLanes * sizeof(uint16_t))));
typedef uint16_t VHalvesUnaligned __attribute__((vector_size(kLanes * sizeof(uint16_t)), aligned(1), may_alias));
typedef int8_t VBytesUnaligned __attribute__((vector_size(kLanes), aligned(1), may_alias));

#define SENVEC_INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define SENVEC_UNROLL _Pragma("unroll")
#else
#define SENVEC_UNROLL _Pragma("GCC unroll 16")
#endif

SENVEC_INLINE V Load(const float* p) { return *reinterpret_cast<const VUnaligned*>(p); }
SENVEC_INLINE void Store(float* p, V v) { *reinterpret_cast<VUnaligned*>(p) = v; }
SENVEC_INLINE VI LoadInts(const void* p) { return *reinterpret_cast<const VIUnaligned*>(p); }
SENVEC_INLINE V Set(float x) { return x - V{}; }
SENVEC_INLINE VI SetInt(int x) { return x - VI{}; }
SENVEC_INLINE V ToFloats(VI v) { return __builtin_convertvector(v, V); }
// a > b ? a : b, and so b where either is NaN; compilers make two instructions of that.
#if defined(SENVEC_HAS_AVX512)
SENVEC_INLINE V Max(V a, V b) {
  return reinterpret_cast<V>(_mm512_max_ps(reinterpret_cast<__m512>(a), reinterpret_cast<__m512>(b)));
}
SENVEC_INLINE V Min(V a, V b) {
  return reinterpret_cast<V>(_mm512_min_ps(reinterpret_cast<__m512>(a), reinterpret_cast<__m512>(b)));
}
#elif defined(SENVEC_HAS_AVX2)
SENVEC_INLINE V Max(V a, V b) {
  return reinterpret_cast<V>(_mm256_max_ps(reinterpret_cast<__m256>(a), reinterpret_cast<__m256>(b)));
}
SENVEC_INLINE V Min(V a, V b) {
  return reinterpret_cast<V>(_mm256_min_ps(reinterpret_cast<__m256>(a), reinterpret_cast<__m256>(b)));
}
#else
SENVEC_INLINE V Max(V a, V b) { return a > b ? a : b; }
SENVEC_INLINE V Min(V a, V b) { return a < b ? a : b; }
#endif

#if defined(SENVEC_HAS_AVX512)
// Both add and compare halves in a fixed tree.
SENVEC_INLINE float Sum(V v) { return _mm512_reduce_add_ps(reinterpret_cast<__m512>(v)); }
SENVEC_INLINE float Largest(V v) { return _mm512_reduce_max_ps(reinterpret_cast<__m512>(v)); }

// The first n < kLanes floats, the rest `fill`.
SENVEC_INLINE V LoadPart(const float* p, size_t n, float fill) {
  const __mmask16 mask = static_cast<__mmask16>((1u << n) - 1);
  return reinterpret_cast<V>(_mm512_mask_loadu_ps(_mm512_set1_ps(fill), mask, p));
}
SENVEC_INLINE void StorePart(float* p, V v, size_t n) {
  _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1u << n) - 1), reinterpret_cast<__m512>(v));
}
#else
// The sum of the lanes in a fixed tree: halves are added until one is left.
SENVEC_INLINE float Sum(V v) {
  float lanes[kLanes];
  Store(lanes, v);
  for (size_t half = kLanes / 2; half > 0; half /= 2) {
    for (size_t i = 0; i < half; ++i) lanes[i] += lanes[i + half];
  }
  return lanes[0];
}
SENVEC_INLINE float Largest(V v) {
  float lanes[kLanes];
  Store(lanes, v);
  float top = lanes[0];
  for (size_t i = 1; i < kLanes; ++i) top = lanes[i] > top ? lanes[i] : top;
  return top;
}
SENVEC_INLINE V LoadPart(const float* p, size_t n, float fill) {
  float lanes[kLanes];
  for (size_t i = 0; i < kLanes; ++i) lanes[i] = i < n ? p[i] : fill;
  return Load(lanes);
}
SENVEC_INLINE void StorePart(float* p, V v, size_t n) {
  float lanes[kLanes];
  Store(lanes, v);
  for (size_t i = 0; i < n; ++i) p[i] = lanes[i];
}
#endif

SENVEC_INLINE V Shuffle(V a, V b, VI mask) {
#if defined(__clang__)
  V result;
  for (size_t i = 0; i < kLanes; ++i) result[i] = mask[i] < static_cast<int>(kLanes) ? a[mask[i]] : b[mask[i] - static_cast<int>(kLanes)];
  return result;
#else
  return __builtin_shuffle(a, b, mask);
#endif
}
// (x_1, x_0, x_3, x_2, …).
SENVEC_INLINE V SwapPairs(V v) {
  VI mask;
  SENVEC_UNROLL
  for (int i = 0; i < static_cast<int>(kLanes); ++i) mask[i] = i ^ 1;
  return Shuffle(v, v, mask);
}

// The first n floats, n ≥ kLanes or not.
SENVEC_INLINE V LoadUpTo(const float* p, size_t n) { return n >= kLanes ? Load(p) : LoadPart(p, n, 0.0f); }

// Turns a square of kLanes × kLanes around: in stage s, lanes whose index has bit s change places with the rows
// whose index has it.
template <int kStage>
SENVEC_INLINE void TransposeStage(V (&rows)[kLanes]) {
  VI low, high;
  SENVEC_UNROLL
  for (int l = 0; l < static_cast<int>(kLanes); ++l) {
    const bool set = (l & kStage) != 0;
    low[l] = set ? l - kStage + static_cast<int>(kLanes) : l;
    high[l] = set ? l + static_cast<int>(kLanes) : l + kStage;
  }
  SENVEC_UNROLL
  for (size_t i = 0; i < kLanes; ++i) {
    if ((i & kStage) != 0) continue;
    const V a = rows[i], b = rows[i + kStage];
    rows[i] = Shuffle(a, b, low);
    rows[i + kStage] = Shuffle(a, b, high);
  }
}

SENVEC_INLINE void Transpose(V (&rows)[kLanes]) {
  TransposeStage<1>(rows);
  TransposeStage<2>(rows);
  if constexpr (kLanes >= 8) TransposeStage<4>(rows);
  if constexpr (kLanes >= 16) TransposeStage<8>(rows);
}
