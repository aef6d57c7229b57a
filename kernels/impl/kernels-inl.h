// The loops, once for all instruction sets; see vector-inl.h for how this file is included.

// Applies f to every vector of x; the tail goes through a padded copy, so that each element sees the same arithmetic.
#define SENVEC_MAP(x, n, f)                                       \
  size_t i = 0;                                                   \
  for (; i + kLanes <= (n); i += kLanes) Store((x) + i, f(Load((x) + i))); \
  if (i < (n)) StorePart((x) + i, f(LoadPart((x) + i, (n)-i, 0.0f)), (n)-i)

float Dot(const float* a, const float* b, size_t n) {
  V s0{}, s1{}, s2{}, s3{};
  size_t i = 0;
  for (; i + 4 * kLanes <= n; i += 4 * kLanes) {
    s0 += Load(a + i) * Load(b + i);
    s1 += Load(a + i + kLanes) * Load(b + i + kLanes);
    s2 += Load(a + i + 2 * kLanes) * Load(b + i + 2 * kLanes);
    s3 += Load(a + i + 3 * kLanes) * Load(b + i + 3 * kLanes);
  }
  for (; i + kLanes <= n; i += kLanes) s0 += Load(a + i) * Load(b + i);
  if (i < n) s1 += LoadPart(a + i, n - i, 0.0f) * LoadPart(b + i, n - i, 0.0f);
  return Sum((s0 + s1) + (s2 + s3));
}

float SquaredL2(const float* a, const float* b, size_t n) {
  V s0{}, s1{};
  size_t i = 0;
  for (; i + 2 * kLanes <= n; i += 2 * kLanes) {
    const V d0 = Load(a + i) - Load(b + i);
    const V d1 = Load(a + i + kLanes) - Load(b + i + kLanes);
    s0 += d0 * d0;
    s1 += d1 * d1;
  }
  for (; i < n; i += kLanes) {
    const size_t left = n - i < kLanes ? n - i : kLanes;
    const V d = LoadPart(a + i, left, 0.0f) - LoadPart(b + i, left, 0.0f);
    s0 += d * d;
  }
  return Sum(s0 + s1);
}

void Scale(float* x, float factor, size_t n) {
  const auto multiply = [factor](V v) { return v * factor; };
  SENVEC_MAP(x, n, multiply);
}

void Add(float* y, const float* x, size_t n) {
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) Store(y + i, Load(y + i) + Load(x + i));
  for (; i < n; ++i) y[i] += x[i];
}

void LayerNorm(const float* x, const float* residual, const float* weight, const float* bias, float eps,
               size_t n, float* out) {
  const size_t whole = n / kLanes * kLanes;
  V sum{};
  float tail_sum = 0;
  for (size_t i = 0; i < whole; i += kLanes) {
    const V v = residual != nullptr ? Load(x + i) + Load(residual + i) : Load(x + i);
    Store(out + i, v);
    sum += v;
  }
  for (size_t i = whole; i < n; ++i) {
    out[i] = residual != nullptr ? x[i] + residual[i] : x[i];
    tail_sum += out[i];
  }
  const float mean = (Sum(sum) + tail_sum) / static_cast<float>(n);
  V squares{};
  float tail_squares = 0;
  for (size_t i = 0; i < whole; i += kLanes) {
    const V d = Load(out + i) - mean;
    squares += d * d;
  }
  for (size_t i = whole; i < n; ++i) tail_squares += (out[i] - mean) * (out[i] - mean);
  const float variance = (Sum(squares) + tail_squares) / static_cast<float>(n);
  const float inverse = 1.0f / __builtin_sqrtf(variance + eps);
  for (size_t i = 0; i < whole; i += kLanes) {
    Store(out + i, (Load(out + i) - mean) * inverse * Load(weight + i) + Load(bias + i));
  }
  for (size_t i = whole; i < n; ++i) out[i] = (out[i] - mean) * inverse * weight[i] + bias[i];
}

// x·Φ(x), with Φ(x) = erfc(−x/√2)/2: the tail of Φ is taken as it is, without 1 − (something near 1).
SENVEC_INLINE V GeluErfOf(V x) {
  const VI negative = x < V{};
  const V magnitude = negative ? -x : x;
  const V half_tail = 0.5f * ErfcPositive(magnitude * 0.70710678f);
  return x * (negative ? half_tail : 1.0f - half_tail);
}
SENVEC_INLINE V SiluOf(V x) { return x / (1.0f + Exp(-x)); }
// 0.5(1 + tanh u) is the logistic function of 2u.
SENVEC_INLINE V GeluTanhOf(V x) {
  const V u = 1.5957691216f * (x + 0.044715f * x * x * x);
  return x / (1.0f + Exp(-u));
}
// Near 0 the quotient cancels, so the series x − x³/3 + 2x⁵/15 − 17x⁷/315 takes over (error below 1e-8 there).
SENVEC_INLINE V TanhOf(V x) {
  const V far = 1.0f - 2.0f / (Exp(2.0f * x) + 1.0f);
  const V square = x * x;
  const V near = x * (1.0f + square * (-0.33333333f + square * (0.13333333f - square * 0.053968254f)));
  return square < Set(0.0225f) ? near : far;
}
SENVEC_INLINE V ReluOf(V x) { return x < V{} ? V{} : x; }

void GeluErf(float* x, size_t n) { SENVEC_MAP(x, n, GeluErfOf); }
void GeluTanh(float* x, size_t n) { SENVEC_MAP(x, n, GeluTanhOf); }
void Silu(float* x, size_t n) { SENVEC_MAP(x, n, SiluOf); }
void Tanh(float* x, size_t n) { SENVEC_MAP(x, n, TanhOf); }
void Relu(float* x, size_t n) { SENVEC_MAP(x, n, ReluOf); }
void ExpInPlace(float* x, size_t n) { SENVEC_MAP(x, n, Exp); }

void RotatePairs(float* x, const float* cos, const float* sin, size_t n) {
  for (size_t i = 0; i < n / 2; ++i) {
    const float even = x[2 * i], odd = x[2 * i + 1];
    x[2 * i] = even * cos[i] - odd * sin[i];
    x[2 * i + 1] = odd * cos[i] + even * sin[i];
  }
}

// Softmax of n scores padded to a multiple of kLanes; the padding becomes 0.
void SoftmaxPadded(float* x, size_t n, size_t padded) {
  for (size_t i = n; i < padded; ++i) x[i] = -__builtin_inff();
  V largest = Load(x);
  for (size_t i = kLanes; i < padded; i += kLanes) {
    const V v = Load(x + i);
    largest = v > largest ? v : largest;
  }
  float lanes[kLanes];
  Store(lanes, largest);
  float top = lanes[0];
  for (size_t i = 1; i < kLanes; ++i) top = lanes[i] > top ? lanes[i] : top;
  V sum{};
  for (size_t i = 0; i < padded; i += kLanes) {
    const V e = Exp(Load(x + i) - top);
    Store(x + i, e);
    sum += e;
  }
  const float inverse = 1.0f / Sum(sum);
  for (size_t i = 0; i < padded; i += kLanes) Store(x + i, Load(x + i) * inverse);
}

constexpr size_t kQueries = 4;  // queries handled together: each loaded key or value vector serves four

void AttentionHead(const float* qkv, size_t row_stride, size_t q_offset, size_t k_offset, size_t v_offset,
                   size_t n, size_t head_size, float scale, float* scratch, float* out, size_t out_stride) {
  const size_t n_padded = (n + kLanes - 1) / kLanes * kLanes;
  const size_t d_padded = (head_size + kLanes - 1) / kLanes * kLanes;
  float* keys = scratch;                            // head_size × n_padded: Kᵀ
  float* values = keys + head_size * n_padded;      // n × d_padded
  float* queries = values + n * d_padded;           // head_size × kQueries, scaled
  float* scores = queries + head_size * kQueries;   // kQueries × n_padded
  float* results = scores + kQueries * n_padded;    // kQueries × d_padded
  for (size_t t = 0; t < n; ++t) {
    const float* k = qkv + t * row_stride + k_offset;
    const float* v = qkv + t * row_stride + v_offset;
    for (size_t d = 0; d < head_size; ++d) keys[d * n_padded + t] = k[d];
    for (size_t d = 0; d < d_padded; ++d) values[t * d_padded + d] = d < head_size ? v[d] : 0.0f;
  }
  for (size_t d = 0; d < head_size; ++d) {
    for (size_t t = n; t < n_padded; ++t) keys[d * n_padded + t] = 0.0f;
  }
  for (size_t first = 0; first < n; first += kQueries) {
    const size_t count = n - first < kQueries ? n - first : kQueries;
    // A short last group repeats its first query, so that every query goes through the same code.
    for (size_t i = 0; i < kQueries; ++i) {
      const float* q = qkv + (first + (i < count ? i : 0)) * row_stride + q_offset;
      for (size_t d = 0; d < head_size; ++d) queries[d * kQueries + i] = q[d] * scale;
    }
    for (size_t t = 0; t < n_padded; t += kLanes) {
      V s0{}, s1{}, s2{}, s3{};
      for (size_t d = 0; d < head_size; ++d) {
        const V k = Load(keys + d * n_padded + t);
        const float* q = queries + d * kQueries;
        s0 += k * q[0];
        s1 += k * q[1];
        s2 += k * q[2];
        s3 += k * q[3];
      }
      Store(scores + t, s0);
      Store(scores + n_padded + t, s1);
      Store(scores + 2 * n_padded + t, s2);
      Store(scores + 3 * n_padded + t, s3);
    }
    for (size_t i = 0; i < kQueries; ++i) SoftmaxPadded(scores + i * n_padded, n, n_padded);
    for (size_t d = 0; d < d_padded; d += kLanes) {
      V r0{}, r1{}, r2{}, r3{};
      for (size_t t = 0; t < n; ++t) {
        const V v = Load(values + t * d_padded + d);
        r0 += v * scores[t];
        r1 += v * scores[n_padded + t];
        r2 += v * scores[2 * n_padded + t];
        r3 += v * scores[3 * n_padded + t];
      }
      Store(results + d, r0);
      Store(results + d_padded + d, r1);
      Store(results + 2 * d_padded + d, r2);
      Store(results + 3 * d_padded + d, r3);
    }
    for (size_t i = 0; i < count; ++i) {
      for (size_t d = 0; d < head_size; ++d) out[(first + i) * out_stride + d] = results[i * d_padded + d];
    }
  }
}

#define SENVEC_KERNEL_TABLE(isa_value)                                                              \
  {                                                                                                 \
    .isa = isa_value, .dot = Dot, .squared_l2 = SquaredL2, .scale = Scale, .add = Add,              \
    .layer_norm = LayerNorm, .gelu_erf = GeluErf, .gelu_tanh = GeluTanh, .silu = Silu, .tanh = Tanh, \
    .relu = Relu, .exp = ExpInPlace, .rotate_pairs = RotatePairs, .attention_head = AttentionHead   \
  }
