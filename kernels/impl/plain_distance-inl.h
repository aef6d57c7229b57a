// What distance-inl.h is made of, from operations that every instruction set has.

// A half float's bits, moved into a float's, are 2^112 too small; the product is exact, for denormal ones too.
SENVEC_INLINE V FromHalf(const uint16_t* x) {
  const VI bits = __builtin_convertvector(*reinterpret_cast<const VHalvesUnaligned*>(x), VI);
  const V magnitude = reinterpret_cast<V>((bits & 0x7fff) << 13) * 0x1p112f;
  return reinterpret_cast<V>(reinterpret_cast<VI>(magnitude) | ((bits & 0x8000) << 16));
}

SENVEC_INLINE uint16_t HalfOf(float value) {
  uint32_t bits;
  __builtin_memcpy(&bits, &value, sizeof(bits));
  const uint32_t sign = bits >> 16 & 0x8000;
  bits &= 0x7fffffff;
  if (bits > 0x7f800000) return static_cast<uint16_t>(sign | 0x7e00);
  if (bits >= 0x477ff000) return static_cast<uint16_t>(sign | 0x7c00);  // 65520 and more
  if (bits < 0x38800000) {  // below the least normal one: the sum with 1/2 leaves the rounded multiple of 2^-24
    float magnitude;
    __builtin_memcpy(&magnitude, &bits, sizeof(bits));
    magnitude += 0.5f;
    uint32_t shifted;
    __builtin_memcpy(&shifted, &magnitude, sizeof(shifted));
    return static_cast<uint16_t>(sign | (shifted - 0x3f000000));
  }
  return static_cast<uint16_t>(sign | ((bits + 0xfff + (bits >> 13 & 1) - 0x38000000) >> 13));
}
SENVEC_INLINE void ToHalf(V values, uint16_t* out) {
  for (size_t i = 0; i < kLanes; ++i) out[i] = HalfOf(values[i]);
}

constexpr size_t kCodeLanes = kLanes;
constexpr size_t kCodeQueries = 2;
using CodeSum = VI;
using CodeVector = VI;
typedef uint8_t VUnsignedBytes __attribute__((vector_size(kLanes), aligned(1), may_alias));

SENVEC_INLINE CodeVector LoadRowCodes(const char* codes) {
  return __builtin_convertvector(*reinterpret_cast<const VUnsignedBytes*>(codes), VI);
}
SENVEC_INLINE CodeVector LoadQueryCodes(const int8_t* codes) {
  return __builtin_convertvector(*reinterpret_cast<const VBytesUnaligned*>(codes), VI);
}
SENVEC_INLINE CodeSum CodeStep(CodeSum sum, CodeVector row, CodeVector query) { return sum + row * query; }

template <size_t kCount>
SENVEC_INLINE void StoreSums(const CodeSum* sums, int32_t* out) {
  for (size_t r = 0; r < kCount; ++r) {
    int32_t total = 0;
    for (size_t i = 0; i < kLanes; ++i) total += sums[r][i];
    out[r] = total;
  }
}
