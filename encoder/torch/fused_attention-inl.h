// Attention of one head over one sequence; see fused_loops_impl.h for how this file is included.

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
