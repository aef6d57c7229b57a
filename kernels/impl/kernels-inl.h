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

// Four sums, so that none waits for the one before it; groups of four vectors, then one by one.
template <class Value>
SENVEC_INLINE V SumOfVectors(size_t whole, const Value& value) {
  V s0{}, s1{}, s2{}, s3{};
  size_t i = 0;
  for (; i + 4 * kLanes <= whole; i += 4 * kLanes) {
    s0 += value(i);
    s1 += value(i + kLanes);
    s2 += value(i + 2 * kLanes);
    s3 += value(i + 3 * kLanes);
  }
  for (; i < whole; i += kLanes) s0 += value(i);
  return (s0 + s1) + (s2 + s3);
}

void LayerNorm(const float* x, const float* residual, const float* weight, const float* bias, float eps,
               size_t n, float* out) {
  const size_t whole = n / kLanes * kLanes;
  const auto put = [&](size_t i) {
    const V v = residual != nullptr ? Load(x + i) + Load(residual + i) : Load(x + i);
    Store(out + i, v);
    return v;
  };
  const V sum = SumOfVectors(whole, put);
  float tail_sum = 0;
  for (size_t i = whole; i < n; ++i) {
    out[i] = residual != nullptr ? x[i] + residual[i] : x[i];
    tail_sum += out[i];
  }
  const float mean = (Sum(sum) + tail_sum) / static_cast<float>(n);
  const V squares = SumOfVectors(whole, [&](size_t i) {
    const V d = Load(out + i) - mean;
    return d * d;
  });
  float tail_squares = 0;
  for (size_t i = whole; i < n; ++i) tail_squares += (out[i] - mean) * (out[i] - mean);
  const float variance = (Sum(squares) + tail_squares) / static_cast<float>(n);
  const float inverse = 1.0f / __builtin_sqrtf(variance + eps);
  for (size_t i = 0; i < whole; i += kLanes) {
    Store(out + i, (Load(out + i) - mean) * inverse * Load(weight + i) + Load(bias + i));
  }
  for (size_t i = whole; i < n; ++i) out[i] = (out[i] - mean) * inverse * weight[i] + bias[i];
}

void GeluErf(float* x, size_t n) { SENVEC_MAP(x, n, GeluErfOf); }
void GeluErfFast(float* x, size_t n) { SENVEC_MAP(x, n, GeluErfFastOf); }
void GeluTanh(float* x, size_t n) { SENVEC_MAP(x, n, GeluTanhOf); }
void Silu(float* x, size_t n) { SENVEC_MAP(x, n, SiluOf); }
void Tanh(float* x, size_t n) { SENVEC_MAP(x, n, TanhOf); }
void Relu(float* x, size_t n) { SENVEC_MAP(x, n, ReluOf); }
void ExpInPlace(float* x, size_t n) { SENVEC_MAP(x, n, Exp); }

void RotatePairs(float* x, const float* cos, const float* sin, size_t n) {
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const V v = Load(x + i);
    Store(x + i, v * Load(cos + i) + SwapPairs(v) * Load(sin + i));
  }
  for (; i < n; i += 2) {
    const float even = x[i], odd = x[i + 1];
    x[i] = even * cos[i] + odd * sin[i];
    x[i + 1] = odd * cos[i + 1] + even * sin[i + 1];
  }
}
