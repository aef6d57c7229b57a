// Int8 products one value a step, from operations that every instruction set has; see vector-inl.h.
constexpr size_t kInt8Group = 1;
using Int8Operand = uint8_t;

SENVEC_INLINE void StoreCodes(Int8Operand* out, VI codes) {
  for (size_t i = 0; i < kLanes; ++i) out[i] = static_cast<uint8_t>(codes[i]);
}
SENVEC_INLINE VI Int8Load(const char* b) {
  return __builtin_convertvector(*reinterpret_cast<const VBytesUnaligned*>(b), VI);
}
SENVEC_INLINE VI Int8Broadcast(const char* a) { return SetInt(*reinterpret_cast<const uint8_t*>(a)); }
SENVEC_INLINE VI Int8Step(VI sum, VI a, VI b) { return sum + a * b; }
