// Attention of one head; see vector-inl.h for how this file is included. Lanes are queries: what softmax needs of a query,
// largest score and sum, grows lane by lane, and keys are read where they lie.

constexpr size_t kKeysAtOnce = kLanes == 16 ? 14 : 6;  // times two vectors of queries: sums that fit the registers
constexpr size_t kDimsAtOnce = kLanes == 16 ? 8 : 4;

// kVectors vectors of queries; Parts says what one step of a product takes: one float, or two bfloat16.
template <class Call>
struct AttentionPart {
  const Call* call;
  size_t first, count;  // queries
  const char* queries;  // steps of head_size × kVectors vectors
  float* scores;        // n × kVectors vectors: scores, then what softmax makes of them, in steps of n
  const char* values;   // a row for each step of n
  size_t value_stride;  // bytes
  float* mixed;         // head_size × kVectors vectors
};

// Row j of the result is the sum over steps of left value (j, step) times the right side's vectors of that step.
// finish(j, i, sum) gets the sum of row j and vector i.
template <class Parts, size_t kVectors, size_t kCount, class Finish>
SENVEC_INLINE void SumSteps(const char* left, size_t row_bytes, size_t step_bytes, const char* right, size_t steps,
                            const Finish& finish) {
  constexpr size_t kVectorBytes = kLanes * sizeof(float);
  V sums[kCount * kVectors];
  SENVEC_UNROLL
  for (size_t i = 0; i < kCount * kVectors; ++i) sums[i] = V{};
  for (size_t step = 0; step < steps; ++step) {
    typename Parts::RightStep vectors[kVectors];
    SENVEC_UNROLL
    for (size_t i = 0; i < kVectors; ++i) vectors[i] = Parts::LoadRight(right + i * kVectorBytes);
    SENVEC_UNROLL
    for (size_t j = 0; j < kCount; ++j) {
      const typename Parts::LeftStep value = Parts::LoadLeft(left + j * row_bytes);
      SENVEC_UNROLL
      for (size_t i = 0; i < kVectors; ++i) sums[j * kVectors + i] = Parts::Step(sums[j * kVectors + i], value, vectors[i]);
    }
    left += step_bytes;
    right += kVectors * kVectorBytes;
  }
  SENVEC_UNROLL
  for (size_t j = 0; j < kCount; ++j) {
    SENVEC_UNROLL
    for (size_t i = 0; i < kVectors; ++i) finish(j, i, sums[j * kVectors + i]);
  }
}

// Raw scores of kCount keys from key t on, and the largest of those that are numbers.
template <class Parts, size_t kVectors, size_t kCount, class Call>
void ScoreKeys(const AttentionPart<Call>& part, size_t t, float* largest) {
  const Call& call = *part.call;
  V tops[kVectors];
  SENVEC_UNROLL
  for (size_t i = 0; i < kVectors; ++i) tops[i] = Load(largest + i * kLanes);
  float* scores = part.scores + t * kVectors * kLanes;
  SumSteps<Parts, kVectors, kCount>(
      reinterpret_cast<const char*>(call.k + t * call.kv_stride), call.kv_stride * sizeof(*call.k), 4, part.queries,
      call.head_size / Parts::kGroup, [&](size_t j, size_t i, V sum) {
        tops[i] = Max(sum, tops[i]);
        Store(scores + (j * kVectors + i) * kLanes, sum);
      });
  SENVEC_UNROLL
  for (size_t i = 0; i < kVectors; ++i) Store(largest + i * kLanes, tops[i]);
}

template <class Parts, size_t kVectors, class Call, size_t... kIndex>
SENVEC_INLINE void ScoreAllKeys(const AttentionPart<Call>& part, float* largest, std::index_sequence<kIndex...>) {
  static constexpr void (*kTable[])(const AttentionPart<Call>&, size_t, float*) = {
      ScoreKeys<Parts, kVectors, kIndex + 1, Call>...};
  const size_t n = part.call->n, tiles = (n + kKeysAtOnce - 1) / kKeysAtOnce;
  for (size_t tile = 0, t = 0; tile < tiles; ++tile) {
    const size_t count = (n - t + tiles - tile - 1) / (tiles - tile);
    kTable[count - 1](part, t, largest);
    t += count;
  }
}

// Components [d, d + kCount) of the results times what their weights are to be multiplied by.
template <class Parts, size_t kVectors, size_t kCount, class Call>
SENVEC_INLINE void MixValues(const AttentionPart<Call>& part, size_t d, const V (&factors)[kVectors]) {
  float* mixed = part.mixed + d * kVectors * kLanes;
  SumSteps<Parts, kVectors, kCount>(part.values + d * 4, 4, part.value_stride,
                                    reinterpret_cast<const char*>(part.scores),
                                    (part.call->n + Parts::kGroup - 1) / Parts::kGroup, [&](size_t j, size_t i, V sum) {
                                      Store(mixed + (j * kVectors + i) * kLanes, sum * factors[i]);
                                    });
}

// The queries' 4-byte steps turned around, zeros where there is no query. A step's bits are moved, never computed with.
template <size_t kVectors, class Call>
void TurnQueries(const Call& call, size_t first, size_t count, size_t steps, float* to) {
  for (size_t i = 0; i < kVectors; ++i) {
    for (size_t step = 0; step < steps; step += kLanes) {
      V rows[kLanes];
      SENVEC_UNROLL
      for (size_t j = 0; j < kLanes; ++j) {
        const size_t query = i * kLanes + j;
        const auto* row = call.q + (first + query) * call.q_stride;
        rows[j] = query < count ? LoadUpTo(reinterpret_cast<const float*>(row) + step, steps - step) : V{};
      }
      Transpose(rows);
      SENVEC_UNROLL
      for (size_t j = 0; j < kLanes; ++j) {
        if (step + j < steps) Store(to + ((step + j) * kVectors + i) * kLanes, rows[j]);
      }
    }
  }
}

template <size_t kVectors, class Call>
void WriteResults(const AttentionPart<Call>& part) {
  const Call& call = *part.call;
  for (size_t i = 0; i < kVectors && i * kLanes < part.count; ++i) {
    for (size_t d = 0; d < call.head_size; d += kLanes) {
      V rows[kLanes];
      SENVEC_UNROLL
      for (size_t j = 0; j < kLanes; ++j) {
        rows[j] = d + j < call.head_size ? Load(part.mixed + ((d + j) * kVectors + i) * kLanes) : V{};
      }
      Transpose(rows);
      SENVEC_UNROLL
      for (size_t j = 0; j < kLanes; ++j) {
        if (i * kLanes + j >= part.count) continue;
        float* out = call.out + (part.first + i * kLanes + j) * call.out_stride + d;
        if (d + kLanes <= call.head_size) {
          Store(out, rows[j]);
        } else {
          StorePart(out, rows[j], call.head_size - d);
        }
      }
    }
  }
}

// How far a score is below the largest; 0 where it is not a number, as it is where both are infinite.
SENVEC_INLINE V Below(V score, V largest, float factor) { return Min((score - largest) * factor, V{}); }

// Weights in place of the scores, at most 1; gives one over their sums, which are 0 only where every score was −∞.
template <size_t kVectors>
SENVEC_INLINE void Exponentiate(const AttentionCall& call, const float* largest, float* scores, V (&inverse)[kVectors]) {
  V tops[kVectors], sums[kVectors];
  SENVEC_UNROLL
  for (size_t i = 0; i < kVectors; ++i) {
    tops[i] = Load(largest + i * kLanes);
    sums[i] = V{};
  }
  for (size_t t = 0; t < call.n; ++t, scores += kVectors * kLanes) {
    SENVEC_UNROLL
    for (size_t i = 0; i < kVectors; ++i) {
      const V weight = Exp(Below(Load(scores + i * kLanes), tops[i], call.scale));
      Store(scores + i * kLanes, weight);
      sums[i] += weight;
    }
  }
  SENVEC_UNROLL
  for (size_t i = 0; i < kVectors; ++i) inverse[i] = 1.0f / Max(sums[i], Set(__FLT_MIN__));
}

#if defined(SENVEC_HAS_BF16)
// 2^x for x ≤ 0 to 8e-5, which is far below what rounding to bfloat16 does: 2^⌊x⌋ times a polynomial of degree 3 in
// the rest, its error as small as can be. Far down, scalef gives 0.
SENVEC_INLINE V Exp2Rough(V x) {
  const __m512 v = reinterpret_cast<__m512>(x);
  const __m512 r = _mm512_reduce_ps(v, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
  __m512 p = _mm512_fmadd_ps(_mm512_set1_ps(0.0780245218f), r, _mm512_set1_ps(0.226067157f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.69583354f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.999925219f));
  return reinterpret_cast<V>(_mm512_scalef_ps(p, v));
}

// As above; weights are rounded to bfloat16, two tokens' side by side, zero for the token past the last one of an odd number.
template <size_t kVectors>
SENVEC_INLINE void Exponentiate(const HalfAttentionCall& call, const float* largest, float* scores, V (&inverse)[kVectors]) {
  const __m512i interleave = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6,
                                              21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  const float factor = call.scale * 1.44269504f;
  V tops[kVectors], sums[kVectors];
  SENVEC_UNROLL
  for (size_t i = 0; i < kVectors; ++i) {
    tops[i] = Load(largest + i * kLanes);
    sums[i] = V{};
  }
  float* pairs = scores;  // never ahead of what is read
  for (size_t t = 0; t < call.n; t += 2, scores += 2 * kVectors * kLanes, pairs += kVectors * kLanes) {
    const bool second = t + 1 < call.n;
    SENVEC_UNROLL
    for (size_t i = 0; i < kVectors; ++i) {
      const V a = Exp2Rough(Below(Load(scores + i * kLanes), tops[i], factor));
      const V b = second ? Exp2Rough(Below(Load(scores + (kVectors + i) * kLanes), tops[i], factor)) : V{};
      sums[i] += a;
      sums[i] += b;
      const __m512bh both = _mm512_cvtne2ps_pbh(reinterpret_cast<__m512>(b), reinterpret_cast<__m512>(a));
      const __m512i pair = _mm512_permutexvar_epi16(interleave, reinterpret_cast<__m512i>(both));
      _mm512_storeu_si512(pairs + i * kLanes, pair);
    }
  }
  SENVEC_UNROLL
  for (size_t i = 0; i < kVectors; ++i) inverse[i] = 1.0f / Max(sums[i], Set(__FLT_MIN__));
}

// Values of two tokens side by side, component after component: (n + 1) / 2 rows of head_size pairs.
void PairValues(const HalfAttentionCall& call, uint16_t* pairs) {
  for (size_t t = 0; t < call.n; t += 2, pairs += 2 * call.head_size) {
    const uint16_t* a = call.v + t * call.kv_stride;
    const uint16_t* b = t + 1 < call.n ? a + call.kv_stride : nullptr;
    size_t d = 0;
    for (; d + kLanes <= call.head_size; d += kLanes) {
      const auto widened = [d](const uint16_t* row) {
        return _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(row + d)));
      };
      const __m512i second = b != nullptr ? _mm512_slli_epi32(widened(b), 16) : _mm512_setzero_si512();
      _mm512_storeu_si512(pairs + 2 * d, _mm512_or_si512(widened(a), second));
    }
    for (; d < call.head_size; ++d) {
      pairs[2 * d] = a[d];
      pairs[2 * d + 1] = b != nullptr ? b[d] : 0;
    }
  }
}
#endif

template <class Parts, size_t kVectors, class Call>
void AttendQueries(AttentionPart<Call> part, float* queries) {
  const Call& call = *part.call;
  TurnQueries<kVectors>(call, part.first, part.count, call.head_size / Parts::kGroup, queries);
  part.queries = reinterpret_cast<const char*>(queries);
  float largest[kVectors * kLanes];
  for (float& score : largest) score = -__FLT_MAX__;
  ScoreAllKeys<Parts, kVectors>(part, largest, std::make_index_sequence<kKeysAtOnce>());
  V inverse[kVectors];
  Exponentiate<kVectors>(call, largest, part.scores, inverse);
  size_t d = 0;
  for (; d + kDimsAtOnce <= call.head_size; d += kDimsAtOnce) MixValues<Parts, kVectors, kDimsAtOnce>(part, d, inverse);
  for (; d < call.head_size; ++d) MixValues<Parts, kVectors, 1>(part, d, inverse);
  WriteResults<kVectors>(part);
}

// Two vectors of queries at a time, one where that holds the rest.
template <class Parts, class Call>
SENVEC_INLINE void AttendInBlocks(const Call& call, const char* values, size_t value_stride, float* scratch) {
  AttentionPart<Call> part = {.call = &call, .first = 0, .count = 0, .queries = nullptr, .scores = nullptr, .values = values,
                              .value_stride = value_stride, .mixed = scratch};
  float* queries = part.mixed + call.head_size * 2 * kLanes;
  part.scores = queries + call.head_size * 2 * kLanes;
  for (; part.first < call.num_queries; part.first += part.count) {
    const size_t left = call.num_queries - part.first;
    part.count = left < 2 * kLanes ? left : 2 * kLanes;
    if (part.count > kLanes) {
      AttendQueries<Parts, 2>(part, queries);
    } else {
      AttendQueries<Parts, 1>(part, queries);
    }
  }
}

// Scratch from the next cache line on.
SENVEC_INLINE float* AlignedScratch(float* scratch) {
  return reinterpret_cast<float*>((reinterpret_cast<uintptr_t>(scratch) + 63) / 64 * 64);
}

void AttentionHead(const AttentionCall& call) {
  AttendInBlocks<Fp32Parts>(call, reinterpret_cast<const char*>(call.v), call.kv_stride * sizeof(float),
                            AlignedScratch(call.scratch));
}

#if defined(SENVEC_HAS_BF16)
void AttentionHeadBf16(const HalfAttentionCall& call) {
  float* scratch = AlignedScratch(call.scratch);
  uint16_t* pairs = reinterpret_cast<uint16_t*>(scratch);
  PairValues(call, pairs);
  const size_t floats = ((call.n + 1) / 2 * call.head_size + kLanes - 1) / kLanes * kLanes;
  AttendInBlocks<Bf16Parts>(call, reinterpret_cast<const char*>(pairs), call.head_size * 4, scratch + floats);
}
constexpr void (*kAttentionHeadBf16)(const HalfAttentionCall&) = AttentionHeadBf16;
#else
constexpr void (*kAttentionHeadBf16)(const HalfAttentionCall&) = nullptr;
#endif
