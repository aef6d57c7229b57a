// Included once by each fused_loops_*.cc, compiled for its instruction set; SENVEC_LANES is the number of
// floats in a vector there. Uses nothing inline of the standard library, which the linker would share
// between instruction sets.
#include <cstdint>
#include <cstring>

#include "encoder/torch/dropout_hash.h"
#include "encoder/torch/fused_loops.h"

namespace senvec {
namespace {

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

// Value and slope.
template <FusedLoops::Act A>
inline float Activate(float x) {
  if constexpr (A == FusedLoops::kGeluErf) {
    float gaussian;
    return x * NormalCdf(x, &gaussian);
  } else if constexpr (A == FusedLoops::kGeluTanh) {
    return x * Sigmoid(1.5957691216f * (x + 0.044715f * x * x * x));
  } else if constexpr (A == FusedLoops::kRelu) {
    return x > 0 ? x : 0.0f;
  } else if constexpr (A == FusedLoops::kSilu) {
    return x * Sigmoid(x);
  } else if constexpr (A == FusedLoops::kTanh) {
    return Tanh(x);
  } else {
    return x;
  }
}
template <FusedLoops::Act A>
inline float Slope(float x) {
  if constexpr (A == FusedLoops::kGeluErf) {
    float gaussian;
    const float cdf = NormalCdf(x, &gaussian);
    return cdf + x * gaussian * 0.3989422804f;
  } else if constexpr (A == FusedLoops::kGeluTanh) {
    const float s = Sigmoid(1.5957691216f * (x + 0.044715f * x * x * x));
    return s + x * s * (1 - s) * 1.5957691216f * (1 + 0.134145f * x * x);
  } else if constexpr (A == FusedLoops::kRelu) {
    return x > 0 ? 1.0f : 0.0f;
  } else if constexpr (A == FusedLoops::kSilu) {
    const float s = Sigmoid(x);
    return s + x * s * (1 - s);
  } else if constexpr (A == FusedLoops::kTanh) {
    const float t = Tanh(x);
    return 1 - t * t;
  } else {
    return 1.0f;
  }
}

template <typename T, FusedLoops::Act A>
void ActivateRows(const typename T::Type* x, const float* bias, int64_t rows, int64_t width, typename T::Type* y) {
  for (int64_t r = 0; r < rows; ++r, x += width, y += width) {
#pragma omp simd
    for (int64_t i = 0; i < width; ++i) y[i] = T::Write(Activate<A>(T::Read(x[i]) + bias[i]));
  }
}
template <typename T, FusedLoops::Act A>
void ActivateRowsBack(const typename T::Type* dy, const typename T::Type* x, const float* bias, int64_t rows,
                      int64_t width, typename T::Type* dx, float* bias_sum) {
  for (int64_t r = 0; r < rows; ++r, x += width, dy += width, dx += width) {
#pragma omp simd
    for (int64_t i = 0; i < width; ++i) {
      const float d = T::Read(dy[i]) * Slope<A>(T::Read(x[i]) + bias[i]);
      bias_sum[i] += d;
      dx[i] = T::Write(d);
    }
  }
}

// Calls f.template operator()<A>() for the activation.
template <typename F>
void WithAct(FusedLoops::Act act, F f) {
  switch (act) {
    case FusedLoops::kGeluErf: return f.template operator()<FusedLoops::kGeluErf>();
    case FusedLoops::kGeluTanh: return f.template operator()<FusedLoops::kGeluTanh>();
    case FusedLoops::kRelu: return f.template operator()<FusedLoops::kRelu>();
    case FusedLoops::kSilu: return f.template operator()<FusedLoops::kSilu>();
    case FusedLoops::kTanh: return f.template operator()<FusedLoops::kTanh>();
    case FusedLoops::kIdentity: return f.template operator()<FusedLoops::kIdentity>();
  }
}
// Calls f.template operator()<T>() for the rows' type.
template <typename F>
void WithType(bool bf16, F f) {
  return bf16 ? f.template operator()<Bf16>() : f.template operator()<Fp32>();
}

void ActivateAny(const void* x, const float* bias, int64_t rows, int64_t width, FusedLoops::Act act, bool bf16,
                 void* y) {
  WithType(bf16, [&]<typename T>() {
    using E = typename T::Type;
    WithAct(act, [&]<FusedLoops::Act A>() {
      ActivateRows<T, A>(static_cast<const E*>(x), bias, rows, width, static_cast<E*>(y));
    });
  });
}
void ActivateBackAny(const void* dy, const void* x, const float* bias, int64_t rows, int64_t width,
                     FusedLoops::Act act, bool bf16, void* dx, float* bias_sum) {
  WithType(bf16, [&]<typename T>() {
    using E = typename T::Type;
    WithAct(act, [&]<FusedLoops::Act A>() {
      ActivateRowsBack<T, A>(static_cast<const E*>(dy), static_cast<const E*>(x), bias, rows, width,
                             static_cast<E*>(dx), bias_sum);
    });
  });
}

// ---- residual and norm ----

template <typename T>
void NormRows(const FusedLoops::Norm& n, int64_t begin, int64_t end, const typename T::Type* x,
              const typename T::Type* residual, typename T::Type* sum, float* mean, float* rstd,
              typename T::Type* y) {
  const int64_t width = n.width;
  for (int64_t r = begin; r < end; ++r) {
    const typename T::Type* xr = x + r * width;
    const typename T::Type* rr = residual + r * width;
    typename T::Type* sr = sum + r * width;
    typename T::Type* yr = y + r * width;
    float total = 0;
    if (n.threshold == 0) {
#pragma omp simd reduction(+ : total)
      for (int64_t i = 0; i < width; ++i) {
        const typename T::Type stored = T::Write(T::Read(rr[i]) + T::Read(xr[i]) + n.bias[i]);
        sr[i] = stored;
        total += T::Read(stored);
      }
    } else {
      const uint32_t seed = DropoutHash::Row(n.site, static_cast<uint64_t>(n.first_row + r));
#pragma omp simd reduction(+ : total)
      for (int64_t i = 0; i < width; ++i) {
        const float branch = DropoutHash::Value(seed, static_cast<uint32_t>(i)) < n.threshold
                                 ? 0.0f
                                 : (T::Read(xr[i]) + n.bias[i]) * n.kept;
        const typename T::Type stored = T::Write(T::Read(rr[i]) + branch);
        sr[i] = stored;
        total += T::Read(stored);
      }
    }
    const float m = total / static_cast<float>(width);
    float squares = 0;
#pragma omp simd reduction(+ : squares)
    for (int64_t i = 0; i < width; ++i) {
      const float d = T::Read(sr[i]) - m;
      squares += d * d;
    }
    const float s = 1.0f / __builtin_sqrtf(squares / static_cast<float>(width) + n.epsilon);
    mean[r] = m;
    rstd[r] = s;
#pragma omp simd
    for (int64_t i = 0; i < width; ++i) yr[i] = T::Write((T::Read(sr[i]) - m) * s * n.weight[i] + n.shift[i]);
  }
}

template <typename T>
void NormRowsBack(const FusedLoops::Norm& n, int64_t begin, int64_t end, const typename T::Type* dy,
                  const typename T::Type* sum, const float* mean, const float* rstd, typename T::Type* dresidual,
                  typename T::Type* dx, float* sums) {
  const int64_t width = n.width;
  float* bias_sum = sums;
  float* weight_sum = sums + width;
  float* shift_sum = sums + 2 * width;
  for (int64_t r = begin; r < end; ++r) {
    const typename T::Type* gr = dy + r * width;
    const typename T::Type* sr = sum + r * width;
    typename T::Type* dr = dresidual + r * width;
    typename T::Type* xr = dx + r * width;
    const float m = mean[r], s = rstd[r];
    float total = 0, along = 0;
#pragma omp simd reduction(+ : total, along)
    for (int64_t i = 0; i < width; ++i) {
      const float g = T::Read(gr[i]), normal = (T::Read(sr[i]) - m) * s, scaled = g * n.weight[i];
      weight_sum[i] += g * normal;
      shift_sum[i] += g;
      total += scaled;
      along += scaled * normal;
    }
    total /= static_cast<float>(width);
    along /= static_cast<float>(width);
    if (n.threshold == 0) {
#pragma omp simd
      for (int64_t i = 0; i < width; ++i) {
        const float d = s * (T::Read(gr[i]) * n.weight[i] - total - (T::Read(sr[i]) - m) * s * along);
        dr[i] = T::Write(d);
        xr[i] = dr[i];
        bias_sum[i] += d;
      }
      continue;
    }
    const uint32_t seed = DropoutHash::Row(n.site, static_cast<uint64_t>(n.first_row + r));
#pragma omp simd
    for (int64_t i = 0; i < width; ++i) {
      const float d = s * (T::Read(gr[i]) * n.weight[i] - total - (T::Read(sr[i]) - m) * s * along);
      const float branch = DropoutHash::Value(seed, static_cast<uint32_t>(i)) < n.threshold ? 0.0f : d * n.kept;
      dr[i] = T::Write(d);
      xr[i] = T::Write(branch);
      bias_sum[i] += branch;
    }
  }
}

void NormAny(const FusedLoops::Norm& norm, int64_t begin, int64_t end, const void* x,
             const void* residual, void* sum, float* mean, float* rstd, void* y) {
  WithType(norm.bf16, [&]<typename T>() {
    using E = typename T::Type;
    NormRows<T>(norm, begin, end, static_cast<const E*>(x), static_cast<const E*>(residual),
                static_cast<E*>(sum), mean, rstd, static_cast<E*>(y));
  });
}
void NormBackAny(const FusedLoops::Norm& norm, int64_t begin, int64_t end, const void* dy,
                 const void* sum, const float* mean, const float* rstd, void* dresidual, void* dx, float* sums) {
  WithType(norm.bf16, [&]<typename T>() {
    using E = typename T::Type;
    NormRowsBack<T>(norm, begin, end, static_cast<const E*>(dy), static_cast<const E*>(sum), mean, rstd,
                    static_cast<E*>(dresidual), static_cast<E*>(dx), sums);
  });
}

// ---- attention ----

// c[m × n] = a[m × k] · b[k × n] with n padded to kPad; a(i, p) = a[i · row + p · column].
template <int kRows>
inline void ProductRows(int64_t n, int64_t k, const float* a, int64_t row, int64_t column, const float* b,
                        int64_t ldb, float* c, int64_t ldc) {
  constexpr int64_t kWide = 2;
  int64_t j = 0;
  for (; j + kWide * kLanes <= n; j += kWide * kLanes) {
    Vector sums[kRows][kWide] = {};
    for (int64_t p = 0; p < k; ++p) {
      const Vector b0 = Load(b + p * ldb + j), b1 = Load(b + p * ldb + j + kLanes);
      for (int r = 0; r < kRows; ++r) {
        const Vector x = a[r * row + p * column] - Vector{};
        sums[r][0] += x * b0;
        sums[r][1] += x * b1;
      }
    }
    for (int r = 0; r < kRows; ++r) {
      Store(c + r * ldc + j, sums[r][0]);
      Store(c + r * ldc + j + kLanes, sums[r][1]);
    }
  }
  for (; j < n; j += kLanes) {
    Vector sums[kRows] = {};
    for (int64_t p = 0; p < k; ++p) {
      const Vector b0 = Load(b + p * ldb + j);
      for (int r = 0; r < kRows; ++r) sums[r] += (a[r * row + p * column] - Vector{}) * b0;
    }
    for (int r = 0; r < kRows; ++r) Store(c + r * ldc + j, sums[r]);
  }
}
inline void Product(int64_t m, int64_t n, int64_t k, const float* a, int64_t row, int64_t column, const float* b,
                    int64_t ldb, float* c, int64_t ldc) {
  constexpr int kBlock = SENVEC_LANES >= 16 ? 8 : 4;
  int64_t i = 0;
  for (; i + kBlock <= m; i += kBlock) ProductRows<kBlock>(n, k, a + i * row, row, column, b, ldb, c + i * ldc, ldc);
  for (; i + 2 <= m; i += 2) ProductRows<2>(n, k, a + i * row, row, column, b, ldb, c + i * ldc, ldc);
  if (i < m) ProductRows<1>(n, k, a + i * row, row, column, b, ldb, c + i * ldc, ldc);
}

// One sequence and head, laid out for the products: rows of `size` = padded head size, and their transposes with
// rows of `wide` = padded length.
struct HeadScratch {
  int64_t size, wide;
  float *q, *k, *v, *kt, *vt, *p, *g, *out, *dq, *dk, *dv;

  HeadScratch(int64_t length, int64_t head_size, float* scratch)
      : size(Padded(head_size)), wide(Padded(length)) {
    float* next = scratch;
    const auto take = [&next](int64_t count) {
      float* here = next;
      next += count;
      return here;
    };
    q = take(wide * size);
    k = take(wide * size);
    v = take(wide * size);
    out = take(wide * size);
    dq = take(wide * size);
    dk = take(wide * size);
    dv = take(wide * size);
    kt = take(size * wide);
    vt = take(size * wide);
    p = take(wide * wide);
    g = take(wide * wide);
  }
  static int64_t Floats(int64_t longest, int64_t head_size) {
    const int64_t size = Padded(head_size), wide = Padded(longest);
    return 9 * size * wide + 2 * wide * wide;
  }
};

inline void Rotate(const float* cos, const float* sin, int64_t head_size, float* x) {
  for (int64_t i = 0; i < head_size; i += 2) {
    const float a = x[i], b = x[i + 1];
    x[i] = a * cos[i] + b * sin[i];
    x[i + 1] = b * cos[i + 1] + a * sin[i + 1];
  }
}
// The other way round.
inline void RotateBack(const float* cos, const float* sin, int64_t head_size, float* x) {
  for (int64_t i = 0; i < head_size; i += 2) {
    const float a = x[i], b = x[i + 1];
    x[i] = a * cos[i] + b * sin[i + 1];
    x[i + 1] = b * cos[i + 1] + a * sin[i];
  }
}

// Reads one of q, k, v (`part`) into padded rows, with bias, scale and turn.
template <typename T>
void ReadPart(const FusedLoops::Attention& a, int part, int64_t length, int64_t head, const typename T::Type* qkv,
              float scale, bool turn, int64_t size, float* out) {
  const int64_t width = a.heads * a.head_size, column = part * width + head * a.head_size;
  const float* bias = a.bias + column;
  for (int64_t t = 0; t < length; ++t) {
    const typename T::Type* row = qkv + t * 3 * width + column;
    float* to = out + t * size;
#pragma omp simd
    for (int64_t i = 0; i < a.head_size; ++i) to[i] = (T::Read(row[i]) + bias[i]) * scale;
    for (int64_t i = a.head_size; i < size; ++i) to[i] = 0;
    if (turn) Rotate(a.cos + t * a.head_size, a.sin + t * a.head_size, a.head_size, to);
  }
}
template <typename T>
void WritePart(const FusedLoops::Attention& a, int part, int64_t length, int64_t head, float* from, float scale,
               bool turn, int64_t size, typename T::Type* dqkv) {
  const int64_t width = a.heads * a.head_size, column = part * width + head * a.head_size;
  for (int64_t t = 0; t < length; ++t) {
    float* row = from + t * size;
    if (turn) RotateBack(a.cos + t * a.head_size, a.sin + t * a.head_size, a.head_size, row);
    typename T::Type* to = dqkv + t * 3 * width + column;
#pragma omp simd
    for (int64_t i = 0; i < a.head_size; ++i) to[i] = T::Write(row[i] * scale);
  }
}
inline void Transpose(const float* x, int64_t rows, int64_t columns, int64_t stride, int64_t wide, float* out) {
  for (int64_t c = 0; c < columns; ++c) {
    for (int64_t r = 0; r < rows; ++r) out[c * wide + r] = x[r * stride + c];
    for (int64_t r = rows; r < wide; ++r) out[c * wide + r] = 0;
  }
}

// p[length × wide] = softmax of what each row sees; zero elsewhere.
inline void Softmax(const FusedLoops::Attention& a, int64_t length, int64_t wide, float* p) {
  for (int64_t i = 0; i < length; ++i) {
    float* row = p + i * wide;
    const int64_t seen = a.visible == nullptr ? length : a.visible[i];
    float highest = row[0];
#pragma omp simd reduction(max : highest)
    for (int64_t j = 0; j < seen; ++j) highest = row[j] > highest ? row[j] : highest;
    float total = 0;
#pragma omp simd reduction(+ : total)
    for (int64_t j = 0; j < seen; ++j) {
      row[j] = Exp(row[j] - highest);
      total += row[j];
    }
    const float inverse = 1.0f / total;
#pragma omp simd
    for (int64_t j = 0; j < seen; ++j) row[j] *= inverse;
    for (int64_t j = seen; j < wide; ++j) row[j] = 0;
  }
}

inline uint32_t AttentionSeed(const FusedLoops::Attention& a, int64_t row, int64_t head) {
  return DropoutHash::Row(a.site, static_cast<uint64_t>((a.first_row + row) * a.heads + head));
}
inline void DropRow(const FusedLoops::Attention& a, uint32_t seed, int64_t length, float* row) {
#pragma omp simd
  for (int64_t j = 0; j < length; ++j) {
    row[j] = DropoutHash::Value(seed, static_cast<uint32_t>(j)) < a.threshold ? 0.0f : row[j] * a.kept;
  }
}

inline float HeadScale(const FusedLoops::Attention& a) {
  return 1.0f / __builtin_sqrtf(static_cast<float>(a.head_size));
}

template <typename T>
void AttentionHead(const FusedLoops::Attention& a, int64_t begin, int64_t length, int64_t head,
                   const typename T::Type* qkv, typename T::Type* out, float* scratch) {
  const HeadScratch s(length, a.head_size, scratch);
  const int64_t width = a.heads * a.head_size;
  const typename T::Type* rows = qkv + begin * 3 * width;
  const bool turn = a.cos != nullptr;
  ReadPart<T>(a, 0, length, head, rows, HeadScale(a), turn, s.size, s.q);
  ReadPart<T>(a, 1, length, head, rows, 1.0f, turn, s.size, s.k);
  ReadPart<T>(a, 2, length, head, rows, 1.0f, turn && a.rotate_value, s.size, s.v);
  Transpose(s.k, length, a.head_size, s.size, s.wide, s.kt);
  Product(length, s.wide, a.head_size, s.q, s.size, 1, s.kt, s.wide, s.p, s.wide);
  Softmax(a, length, s.wide, s.p);
  if (a.threshold != 0) {
    for (int64_t i = 0; i < length; ++i) {
      DropRow(a, AttentionSeed(a, begin + i, head), length, s.p + i * s.wide);
    }
  }
  Product(length, s.size, length, s.p, s.wide, 1, s.v, s.size, s.out, s.size);
  for (int64_t i = 0; i < length; ++i) {
    typename T::Type* to = out + (begin + i) * width + head * a.head_size;
    const float* from = s.out + i * s.size;
#pragma omp simd
    for (int64_t c = 0; c < a.head_size; ++c) to[c] = T::Write(from[c]);
  }
}

template <typename T>
void AttentionHeadBack(const FusedLoops::Attention& a, int64_t begin, int64_t length, int64_t head,
                       const typename T::Type* qkv, const typename T::Type* dout, typename T::Type* dqkv,
                       float* scratch) {
  const HeadScratch s(length, a.head_size, scratch);
  const int64_t width = a.heads * a.head_size;
  const typename T::Type* rows = qkv + begin * 3 * width;
  typename T::Type* drows = dqkv + begin * 3 * width;
  const bool turn = a.cos != nullptr, turn_value = turn && a.rotate_value;
  ReadPart<T>(a, 0, length, head, rows, HeadScale(a), turn, s.size, s.q);
  ReadPart<T>(a, 1, length, head, rows, 1.0f, turn, s.size, s.k);
  ReadPart<T>(a, 2, length, head, rows, 1.0f, turn_value, s.size, s.v);
  Transpose(s.k, length, a.head_size, s.size, s.wide, s.kt);
  Transpose(s.v, length, a.head_size, s.size, s.wide, s.vt);
  for (int64_t i = 0; i < length; ++i) {
    const typename T::Type* from = dout + (begin + i) * width + head * a.head_size;
    float* to = s.out + i * s.size;
#pragma omp simd
    for (int64_t c = 0; c < a.head_size; ++c) to[c] = T::Read(from[c]);
    for (int64_t c = a.head_size; c < s.size; ++c) to[c] = 0;
  }
  Product(length, s.wide, a.head_size, s.q, s.size, 1, s.kt, s.wide, s.p, s.wide);
  Softmax(a, length, s.wide, s.p);
  Product(length, s.wide, a.head_size, s.out, s.size, 1, s.vt, s.wide, s.g, s.wide);  // gradient of dropped p
  // With p the softmax: its gradient is g where p was kept, that of the scores is p·(g − Σ p·g), and v wants p as
  // it was dropped.
  for (int64_t i = 0; i < length; ++i) {
    float* p = s.p + i * s.wide;
    float* g = s.g + i * s.wide;
    if (a.threshold != 0) DropRow(a, AttentionSeed(a, begin + i, head), length, g);
    float along = 0;
#pragma omp simd reduction(+ : along)
    for (int64_t j = 0; j < length; ++j) along += p[j] * g[j];
#pragma omp simd
    for (int64_t j = 0; j < s.wide; ++j) g[j] = p[j] * (g[j] - along);
    if (a.threshold != 0) DropRow(a, AttentionSeed(a, begin + i, head), length, p);
  }
  Product(length, s.size, length, s.p, 1, s.wide, s.out, s.size, s.dv, s.size);
  Product(length, s.size, length, s.g, s.wide, 1, s.k, s.size, s.dq, s.size);
  Product(length, s.size, length, s.g, 1, s.wide, s.q, s.size, s.dk, s.size);
  WritePart<T>(a, 0, length, head, s.dq, HeadScale(a), turn, s.size, drows);
  WritePart<T>(a, 1, length, head, s.dk, 1.0f, turn, s.size, drows);
  WritePart<T>(a, 2, length, head, s.dv, 1.0f, turn_value, s.size, drows);
}

size_t AttentionScratch(int64_t longest, int64_t head_size) {
  return static_cast<size_t>(HeadScratch::Floats(longest, head_size));
}
void AttentionAny(const FusedLoops::Attention& attention, int64_t begin, int64_t length, int64_t head,
                  const void* qkv, void* out, float* scratch) {
  WithType(attention.bf16, [&]<typename T>() {
    using E = typename T::Type;
    AttentionHead<T>(attention, begin, length, head, static_cast<const E*>(qkv), static_cast<E*>(out), scratch);
  });
}
void AttentionBackAny(const FusedLoops::Attention& attention, int64_t begin, int64_t length,
                      int64_t head, const void* qkv, const void* dout, void* dqkv, float* scratch) {
  WithType(attention.bf16, [&]<typename T>() {
    using E = typename T::Type;
    AttentionHeadBack<T>(attention, begin, length, head, static_cast<const E*>(qkv),
                         static_cast<const E*>(dout), static_cast<E*>(dqkv), scratch);
  });
}

// ---- sums ----

void ColumnSumsAny(const void* x, int64_t rows, int64_t width, bool bf16, float* sums) {
  WithType(bf16, [&]<typename T>() {
    const auto* row = static_cast<const typename T::Type*>(x);
    for (int64_t r = 0; r < rows; ++r, row += width) {
#pragma omp simd
      for (int64_t i = 0; i < width; ++i) sums[i] += T::Read(row[i]);
    }
  });
}

void MeanAny(const void* x, int64_t rows, int64_t width, bool bf16, void* out) {
  WithType(bf16, [&]<typename T>() {
    using E = typename T::Type;
    const E* from = static_cast<const E*>(x);
    E* to = static_cast<E*>(out);
    constexpr int64_t kBlock = 64;
    for (int64_t begin = 0; begin < width; begin += kBlock) {
      const int64_t count = width - begin < kBlock ? width - begin : kBlock;
      float sums[kBlock] = {};
      for (int64_t r = 0; r < rows; ++r) {
        const E* row = from + r * width + begin;
#pragma omp simd
        for (int64_t i = 0; i < count; ++i) sums[i] += T::Read(row[i]);
      }
      for (int64_t i = 0; i < count; ++i) to[begin + i] = T::Write(sums[i] / static_cast<float>(rows));
    }
  });
}
void MeanBackAny(const void* gradient, int64_t rows, int64_t width, bool bf16, void* dx) {
  WithType(bf16, [&]<typename T>() {
    using E = typename T::Type;
    const E* from = static_cast<const E*>(gradient);
    for (int64_t r = 0; r < rows; ++r) {
      E* to = static_cast<E*>(dx) + r * width;
#pragma omp simd
      for (int64_t i = 0; i < width; ++i) to[i] = T::Write(T::Read(from[i]) / static_cast<float>(rows));
    }
  });
}

// ---- optimiser ----

void AdamWStep(const FusedLoops::AdamW& s, const float* gradient, float gradient_scale, int64_t count, float* value,
               float* first, float* second) {
  const float step = s.learning_rate / s.correction1, root = 1.0f / __builtin_sqrtf(s.correction2);
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) {
    const float g = gradient[i] * gradient_scale;
    const float m = s.beta1 * first[i] + (1 - s.beta1) * g;
    const float v = s.beta2 * second[i] + (1 - s.beta2) * g * g;
    first[i] = m;
    second[i] = v;
    value[i] -= s.decay * value[i] + step * m / (__builtin_sqrtf(v) * root + s.epsilon);
  }
}

double SquareSum(const float* x, int64_t count) {
  double total = 0;
#pragma omp simd reduction(+ : total)
  for (int64_t i = 0; i < count; ++i) total += static_cast<double>(x[i]) * x[i];
  return total;
}

constexpr FusedLoops kLoops = {.activate = ActivateAny,
                               .activate_back = ActivateBackAny,
                               .norm = NormAny,
                               .norm_back = NormBackAny,
                               .attention_scratch = AttentionScratch,
                               .attention = AttentionAny,
                               .attention_back = AttentionBackAny,
                               .column_sums = ColumnSumsAny,
                               .mean = MeanAny,
                               .mean_back = MeanBackAny,
                               .adamw = AdamWStep,
                               .square_sum = SquareSum};

}  // namespace
}  // namespace senvec
