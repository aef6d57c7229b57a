// From floats to the left operands of products; see vector-inl.h for how this file is included.

// Rounded to nearest even. Values are finite: the encoder's checks have seen to that.
#if !defined(SENVEC_HAS_BF16)
SENVEC_INLINE VHalves ToBf16(V v) {
  const VI bits = reinterpret_cast<VI>(v);
  const VI rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  return __builtin_convertvector(rounded, VHalves);
}
#endif

SENVEC_INLINE void StoreBf16(uint16_t* out, V v) { *reinterpret_cast<VHalvesUnaligned*>(out) = ToBf16(v); }

void RowToBf16(const float* x, size_t n, uint16_t* out) {
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) StoreBf16(out + i, Load(x + i));
  if (i == n) return;
  const VHalves rest = ToBf16(LoadPart(x + i, n - i, 0.0f));
  uint16_t halves[kLanes];
  *reinterpret_cast<VHalvesUnaligned*>(halves) = rest;
  // One zero more where the row ends in the middle of a pair.
  const size_t padded = (n + 1) / 2 * 2;
  for (size_t j = 0; i + j < padded; ++j) out[i + j] = halves[j];
}

// The range of a row, always with 0 in it, is cut into 254 equal steps: with one to spare, rounding of the zero point and
// of a code together stay within [0, 255].
template <bool kScaled>
RowScale QuantizeRowBy(const float* x, const float* factors, size_t n, void* out) {
  const auto load = [&](size_t i) { return kScaled ? Load(x + i) * Load(factors + i) : Load(x + i); };
  const auto load_rest = [&](size_t i) {
    const V rest = LoadPart(x + i, n - i, 0.0f);
    return kScaled ? rest * LoadPart(factors + i, n - i, 0.0f) : rest;
  };
  V low{}, high{};
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const V v = load(i);
    low = Min(v, low);
    high = Max(v, high);
  }
  if (i < n) {
    low = Min(load_rest(i), low);
    high = Max(load_rest(i), high);
  }
  const float least = -Largest(-low), most = Largest(high);
  // A row of zeros, or of numbers too small for a step, is all zero codes.
  const float step = (most - least) * (1.0f / 254);
  const bool empty = !(step > 1e-30f);
  const float inverse = empty ? 0.0f : 1.0f / step;
  const float magic = 12582912.0f;  // 1.5·2^23: adding it rounds to an integer
  const float zero = (-least * inverse + magic) - magic;
  Int8Operand* codes = static_cast<Int8Operand*>(out);
  const float shift = zero + magic;
  const auto quantize = [&](V v) { return reinterpret_cast<VI>(v * inverse + shift); };  // the code in the lower half
  for (i = 0; i + kLanes <= n; i += kLanes) StoreCodes(codes + i, quantize(load(i)));
  if (i < n) {
    Int8Operand rest[kLanes];
    StoreCodes(rest, quantize(load_rest(i)));
    for (size_t j = 0; i + j < n; ++j) codes[i + j] = rest[j];
  }
  const size_t padded = (n + kInt8Group - 1) / kInt8Group * kInt8Group;
  for (size_t j = n; j < padded; ++j) codes[j] = 0;
  return {.scale = empty ? 0.0f : step, .zero = static_cast<int32_t>(zero)};
}

RowScale QuantizeRow(const float* x, const float* factors, size_t n, void* out) {
  return factors != nullptr ? QuantizeRowBy<true>(x, factors, n, out) : QuantizeRowBy<false>(x, nullptr, n, out);
}
