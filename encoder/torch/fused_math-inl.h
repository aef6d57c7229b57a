// Vectors, types of rows and elementary functions; see fused_loops_impl.h for how this file is included.

constexpr int64_t kLanes = SENVEC_LANES;
// Rows of scratch are padded to this many floats, whatever the instruction set.
constexpr int64_t kPad = 16;
typedef float Vector __attribute__((vector_size(kLanes * sizeof(float)), may_alias));

inline Vector Load(const float* p) {
  Vector v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
inline void Store(float* p, Vector v) { __builtin_memcpy(p, &v, sizeof v); }
inline int64_t Padded(int64_t n) { return (n + kPad - 1) / kPad * kPad; }

struct Fp32 {
  using Type = float;
  static inline float Read(float x) { return x; }
  static inline float Write(float x) { return x; }
};
struct Bf16 {
  using Type = uint16_t;
  static inline float Read(uint16_t x) { return __builtin_bit_cast(float, static_cast<uint32_t>(x) << 16); }
  // To the nearest, ties to even; what is no number stays none.
  static inline uint16_t Write(float x) {
    const uint32_t bits = __builtin_bit_cast(uint32_t, x);
    const uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    return static_cast<uint16_t>((bits & 0x7fffffffu) > 0x7f800000u ? (bits >> 16) | 0x40u : rounded);
  }
};

// eˣ to 1e-7 relative in [−87, 88], clamped outside; branch-free, so that loops over it become vectors.
inline float Exp(float x) {
  x = x < -87.0f ? -87.0f : x;
  x = x > 88.0f ? 88.0f : x;
  const float shifted = x * 1.44269504f + 12582912.0f;  // 1.5 · 2²³: rounds to a whole number
  const float n = shifted - 12582912.0f;
  const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  const int32_t exponent = static_cast<int32_t>(n);
  return p * __builtin_bit_cast(float, static_cast<uint32_t>(exponent + 127) << 23);
}

// Φ(x), to 1.5e-7 (Abramowitz and Stegun 7.1.26), and e^(−x²/2) on the way.
inline float NormalCdf(float x, float* gaussian) {
  const float z = __builtin_fabsf(x) * 0.70710678f;
  const float t = 1.0f / (1.0f + 0.3275911f * z);
  const float e = Exp(-z * z);
  const float tail =
      ((((1.061405429f * t - 1.453152027f) * t + 1.421413741f) * t - 0.284496736f) * t + 0.254829592f) * t * e * 0.5f;
  *gaussian = e;
  return x < 0 ? tail : 1.0f - tail;
}

inline float Sigmoid(float x) { return 1.0f / (1.0f + Exp(-x)); }
inline float Tanh(float x) { return 2.0f * Sigmoid(2.0f * x) - 1.0f; }

// Calls f.template operator()<T>() for the rows' type.
template <typename F>
void WithType(bool bf16, F f) {
  return bf16 ? f.template operator()<Bf16>() : f.template operator()<Fp32>();
}
