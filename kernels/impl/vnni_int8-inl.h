// Int8 products by AVX-512 VNNI, four a step; see vector-inl.h.
constexpr size_t kInt8Group = 4;
using Int8Operand = uint8_t;

SENVEC_INLINE void StoreCodes(Int8Operand* out, VI codes) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm512_cvtepi32_epi8(reinterpret_cast<__m512i>(codes)));
}
SENVEC_INLINE VI Int8Load(const char* b) { return LoadInts(b); }
SENVEC_INLINE VI Int8Broadcast(const char* a) {
  int codes;
  __builtin_memcpy(&codes, a, sizeof(codes));
  return SetInt(codes);
}
SENVEC_INLINE VI Int8Step(VI sum, VI a, VI b) {
  return reinterpret_cast<VI>(_mm512_dpbusd_epi32(reinterpret_cast<__m512i>(sum), reinterpret_cast<__m512i>(a),
                                                  reinterpret_cast<__m512i>(b)));
}
