// Attention of one head; see vector-inl.h for how this file is included.

// Queries handled together: each loaded key or value vector serves all of them.
constexpr size_t kQueries = kLanes == 16 ? 8 : 4;

struct AttentionPart {
  const AttentionCall* call;
  size_t first;         // query
  const float* keys;    // blocks of kLanes tokens: head_size × kLanes
  const float* values;  // n × d_padded
  float* scores;        // kQueries × n_padded
  size_t n_padded, d_padded;
};

// Softmax of n scores padded to a multiple of kLanes; the padding becomes 0.
SENVEC_INLINE void SoftmaxPadded(float* x, size_t n, size_t padded) {
  for (size_t i = n; i < padded; ++i) x[i] = -__builtin_inff();
  V largest = Load(x);
  for (size_t i = kLanes; i < padded; i += kLanes) largest = Max(Load(x + i), largest);
  const float top = Largest(largest);
  V sum{};
  for (size_t i = 0; i < padded; i += kLanes) {
    const V e = Exp(Load(x + i) - top);
    Store(x + i, e);
    sum += e;
  }
  const float inverse = 1.0f / Sum(sum);
  for (size_t i = 0; i < padded; i += kLanes) Store(x + i, Load(x + i) * inverse);
}

template <size_t kCount>
SENVEC_INLINE void ScoreQueries(const AttentionPart& part) {
  const size_t head_size = part.call->head_size, stride = part.call->q_stride;
  const float* queries = part.call->q + part.first * stride;
  for (size_t t = 0; t < part.n_padded; t += kLanes) {
    const float* keys = part.keys + t * head_size;
    V sums[kCount];
    SENVEC_UNROLL
    for (size_t i = 0; i < kCount; ++i) sums[i] = V{};
    for (size_t d = 0; d < head_size; ++d) {
      const V key = Load(keys + d * kLanes);
      SENVEC_UNROLL
      for (size_t i = 0; i < kCount; ++i) sums[i] += key * queries[i * stride + d];
    }
    SENVEC_UNROLL
    for (size_t i = 0; i < kCount; ++i) Store(part.scores + i * part.n_padded + t, sums[i] * part.call->scale);
  }
}

// kVectors vectors of the results from component d on.
template <size_t kCount, size_t kVectors>
SENVEC_INLINE void MixValues(const AttentionPart& part, size_t d) {
  V sums[kCount * kVectors];
  SENVEC_UNROLL
  for (size_t i = 0; i < kCount * kVectors; ++i) sums[i] = V{};
  for (size_t t = 0; t < part.call->n; ++t) {
    V value[kVectors];
    SENVEC_UNROLL
    for (size_t j = 0; j < kVectors; ++j) value[j] = Load(part.values + t * part.d_padded + d + j * kLanes);
    SENVEC_UNROLL
    for (size_t i = 0; i < kCount; ++i) {
      const float weight = part.scores[i * part.n_padded + t];
      SENVEC_UNROLL
      for (size_t j = 0; j < kVectors; ++j) sums[i * kVectors + j] += value[j] * weight;
    }
  }
  SENVEC_UNROLL
  for (size_t i = 0; i < kCount; ++i) {
    SENVEC_UNROLL
    for (size_t j = 0; j < kVectors; ++j) {
      const size_t at = d + j * kLanes;
      float* out = part.call->out + (part.first + i) * part.call->out_stride + at;
      if (at + kLanes <= part.call->head_size) {
        Store(out, sums[i * kVectors + j]);
      } else {
        StorePart(out, sums[i * kVectors + j], part.call->head_size - at);
      }
    }
  }
}

template <size_t kCount>
void AttendQueries(const AttentionPart& part) {
  ScoreQueries<kCount>(part);
  for (size_t i = 0; i < kCount; ++i) SoftmaxPadded(part.scores + i * part.n_padded, part.call->n, part.n_padded);
  size_t d = 0;
  for (; d + 2 * kLanes <= part.d_padded; d += 2 * kLanes) MixValues<kCount, 2>(part, d);
  if (d < part.d_padded) MixValues<kCount, 1>(part, d);
}

void AttendQueries(size_t count, const AttentionPart& part) {
  static constexpr void (*kTable[8])(const AttentionPart&) = {
      AttendQueries<1>, AttendQueries<2>, AttendQueries<3>, AttendQueries<4>,
      AttendQueries<kQueries < 8 ? 4 : 5>, AttendQueries<kQueries < 8 ? 4 : 6>,
      AttendQueries<kQueries < 8 ? 4 : 7>, AttendQueries<kQueries < 8 ? 4 : 8>};
  kTable[count - 1](part);
}

// Kᵀ in blocks of kLanes tokens, zeros past the last token, and V row after row, zeros past the last component.
void CopyKeysAndValues(const AttentionCall& call, size_t d_padded, float* keys, float* values) {
  const size_t n = call.n, head_size = call.head_size;
  for (size_t t = 0; t < n; t += kLanes) {
    for (size_t d = 0; d < head_size; d += kLanes) {
      V rows[kLanes];
      SENVEC_UNROLL
      for (size_t i = 0; i < kLanes; ++i) {
        rows[i] = t + i < n ? LoadUpTo(call.k + (t + i) * call.kv_stride + d, head_size - d) : V{};
      }
      Transpose(rows);
      float* block = keys + t * head_size + d * kLanes;
      SENVEC_UNROLL
      for (size_t i = 0; i < kLanes; ++i) {
        if (d + i < head_size) Store(block + i * kLanes, rows[i]);
      }
    }
  }
  for (size_t t = 0; t < n; ++t) {
    for (size_t d = 0; d < d_padded; d += kLanes) {
      Store(values + t * d_padded + d, LoadUpTo(call.v + t * call.kv_stride + d, head_size - d));
    }
  }
}

void AttentionHead(const AttentionCall& call) {
  const size_t n_padded = (call.n + kLanes - 1) / kLanes * kLanes;
  const size_t d_padded = (call.head_size + kLanes - 1) / kLanes * kLanes;
  float* keys = call.scratch;
  float* values = keys + call.head_size * n_padded;
  float* scores = values + call.n * d_padded;
  CopyKeysAndValues(call, d_padded, keys, values);
  AttentionPart part = {.call = &call, .first = 0, .keys = keys, .values = values, .scores = scores,
                        .n_padded = n_padded, .d_padded = d_padded};
  // Groups of nearly equal size: none too small to keep the adders busy.
  const size_t groups = (call.num_queries + kQueries - 1) / kQueries;
  for (size_t g = 0; g < groups; ++g) {
    const size_t count = (call.num_queries - part.first + groups - g - 1) / (groups - g);
    AttendQueries(count, part);
    part.first += count;
  }
}
