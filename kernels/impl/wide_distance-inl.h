// What distance-inl.h is made of for AVX-512.

SENVEC_INLINE V FromHalf(const uint16_t* x) {
  return reinterpret_cast<V>(_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(x))));
}
SENVEC_INLINE void ToHalf(V values, uint16_t* out) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out),
                      _mm512_cvtps_ph(reinterpret_cast<__m512>(values), _MM_FROUND_TO_NEAREST_INT));
}

using CodeSum = VI;
constexpr size_t kCodeQueries = 4;

SENVEC_INLINE __m256i HalvesAdded(CodeSum sum) {
  const __m512i v = reinterpret_cast<__m512i>(sum);
  return _mm256_add_epi32(_mm512_castsi512_si256(v), _mm512_extracti64x4_epi64(v, 1));
}
template <size_t kCount>
SENVEC_INLINE void StoreSums(const CodeSum* sums, int32_t* out) {
  if constexpr (kCount == 4) {
    const __m256i pairs = _mm256_hadd_epi32(_mm256_hadd_epi32(HalvesAdded(sums[0]), HalvesAdded(sums[1])),
                                            _mm256_hadd_epi32(HalvesAdded(sums[2]), HalvesAdded(sums[3])));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out),
                     _mm_add_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1)));
  } else {
    for (size_t r = 0; r < kCount; ++r) out[r] = _mm512_reduce_add_epi32(reinterpret_cast<__m512i>(sums[r]));
  }
}
