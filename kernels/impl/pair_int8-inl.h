// Int8 products two a step, for instruction sets whose vpmaddubsw would saturate: codes are kept in 16 bits. The including
// file gives WidenBytes(), kLanes pairs of bytes as pairs of 16 bits, and MultiplyPairs(). See vector-inl.h.
constexpr size_t kInt8Group = 2;
using Int8Operand = uint16_t;

SENVEC_INLINE void StoreCodes(Int8Operand* out, VI codes) {
  *reinterpret_cast<VHalvesUnaligned*>(out) = __builtin_convertvector(codes, VHalves);
}
SENVEC_INLINE VI Int8Load(const char* b) { return WidenBytes(b); }
SENVEC_INLINE VI Int8Broadcast(const char* a) {
  int pair;
  __builtin_memcpy(&pair, a, sizeof(pair));
  return SetInt(pair);
}
SENVEC_INLINE VI Int8Step(VI sum, VI a, VI b) { return sum + MultiplyPairs(a, b); }
