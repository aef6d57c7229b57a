// Vectors of kLanes floats for the instruction set of the including file. Included inside a target region, after
// kLanes is set; no guard, since every instruction set has its own copy in an unnamed namespace.

typedef float V __attribute__((vector_size(kLanes * sizeof(float))));
typedef int VI __attribute__((vector_size(kLanes * sizeof(int))));
typedef float VUnaligned __attribute__((vector_size(kLanes * sizeof(float)), aligned(4), may_alias));

#define SENVEC_INLINE static inline __attribute__((always_inline))

SENVEC_INLINE V Load(const float* p) { return *reinterpret_cast<const VUnaligned*>(p); }
SENVEC_INLINE void Store(float* p, V v) { *reinterpret_cast<VUnaligned*>(p) = v; }
SENVEC_INLINE V Set(float x) { return x - V{}; }

// The sum of the lanes in a fixed tree: halves are added until one is left.
SENVEC_INLINE float Sum(V v) {
  float lanes[kLanes];
  Store(lanes, v);
  for (size_t half = kLanes / 2; half > 0; half /= 2) {
    for (size_t i = 0; i < half; ++i) lanes[i] += lanes[i + half];
  }
  return lanes[0];
}

// The first n < kLanes floats, the rest `fill`.
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

// e^x: x = n·ln2 + r with |r| ≤ ln2/2, e^r by its Taylor polynomial of degree 7 (remainder below 3e-9 relative),
// ln2 in two parts (Cody and Waite). Below −87.3 the result is 0.
SENVEC_INLINE V Exp(V x) {
  const V low = Set(-87.33654f), high = Set(88.72283f);
  const VI underflow = x < low;
  x = x < low ? low : x;
  x = x > high ? high : x;
  const V magic = Set(12582912.0f);  // 1.5·2^23: adding it rounds to an integer in the low bits
  const V shifted = x * 1.44269504f + magic;
  const V n = shifted - magic;
  V r = x - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  V p = Set(1.0f / 5040);
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  // 2^n in two factors, so that n = 128 does not overflow the exponent field.
  const VI exponent = reinterpret_cast<VI>(shifted) - 0x4b400000;
  const VI half = exponent >> 1;
  const V scale_a = reinterpret_cast<V>((half + 127) << 23);
  const V scale_b = reinterpret_cast<V>((exponent - half + 127) << 23);
  p = p * scale_a * scale_b;
  return underflow ? V{} : p;
}

// erfc(z) for z ≥ 0 with a relative error below 1.2e-7 before rounding: t·exp(−z² + P(t)), t = 1/(1 + z/2)
// (W. J. Cody's form with the Chebyshev coefficients published in Numerical Recipes, section 6.2).
SENVEC_INLINE V ErfcPositive(V z) {
  const V t = 1.0f / (1.0f + 0.5f * z);
  V p = Set(0.17087277f);
  p = p * t - 0.82215223f;
  p = p * t + 1.48851587f;
  p = p * t - 1.13520398f;
  p = p * t + 0.27886807f;
  p = p * t - 0.18628806f;
  p = p * t + 0.09678418f;
  p = p * t + 0.37409196f;
  p = p * t + 1.00002368f;
  p = p * t - 1.26551223f;
  return t * Exp(p - z * z);
}
