// Elementary functions over vectors; see vector-inl.h for how this file is included.

#if defined(SENVEC_HAS_AVX512)
// e^x = 2^n·2^r with n = round(x·log₂e) and |r| ≤ 1/2. r is what is left of x·log₂e, the product taken in two parts,
// so that no bit of it is lost; 2^r by the polynomial of degree 6 through Chebyshev's points (error 2.6e-9). scalef
// gives 0 below the smallest number.
SENVEC_INLINE V Exp(V x) {
  const __m512 bounded = _mm512_min_ps(reinterpret_cast<__m512>(x), _mm512_set1_ps(88.72283f));
  const __m512 log2e = _mm512_set1_ps(1.44269504f);
  const __m512 product = _mm512_mul_ps(bounded, log2e);
  const __m512 n = _mm512_roundscale_ps(product, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m512 r = _mm512_fmsub_ps(bounded, log2e, n);
  r = _mm512_fmadd_ps(bounded, _mm512_set1_ps(1.92596299e-8f), r);
  __m512 p = _mm512_set1_ps(1.54614447e-4f);
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.34004282e-3f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(9.61805668e-3f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(5.55032723e-2f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(2.40226509e-1f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(6.93147207e-1f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f));
  const __mmask16 underflow =
      _mm512_cmp_ps_mask(reinterpret_cast<__m512>(x), _mm512_set1_ps(-87.33654f), _CMP_LT_OQ);
  return reinterpret_cast<V>(_mm512_mask_scalef_ps(_mm512_setzero_ps(), static_cast<__mmask16>(~underflow), p, n));
}
#else
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
#endif

// x·Φ(x) with Φ(z) = 1/2 + z·P(z²), |z| held at kEnd: P through Chebyshev's points in t = 2z²/kEnd² − 1, which keeps
// the terms of its powers small. Beyond kEnd, Φ differs from 0 or 1 by less than the error at kEnd.
template <size_t kTerms>
SENVEC_INLINE V GeluByPolynomial(V x, float end, const float (&coefficients)[kTerms]) {
  const V z = Max(Min(x, Set(end)), Set(-end));
  const V t = z * z * (2.0f / (end * end)) - 1.0f;
  V p = Set(coefficients[kTerms - 1]);
  SENVEC_UNROLL
  for (size_t i = kTerms - 1; i > 0; --i) p = p * t + coefficients[i - 1];
  return x * (z * p + 0.5f);
}
SENVEC_INLINE V GeluErfOf(V x) {
  static constexpr float kCoefficients[] = {
      0.1333925575017929f,     -0.06651843339204788f,   0.04926455765962601f,    -0.03959193080663681f,
      0.032072436064481735f,   -0.025263020768761635f,  0.018973132595419884f,   -0.013367125764489174f,
      0.00867934338748455f,    -0.005372115410864353f,  0.0033732925076037645f,  -0.001764693297445774f,
      0.0005441169487312436f,  -0.0002895659999921918f, 0.0003415073733776808f,  -0.00013444715295918286f};
  return GeluByPolynomial(x, 5.3f, kCoefficients);
}
// max(x, 0) − a·Φ(−a) with a = |x|, held at 4, where the polynomial in place of a·Φ(−a) has its second zero: 2e-4 is its
// largest error, and what is left of a·Φ(−a) beyond is less.
SENVEC_INLINE V GeluErfFastOf(V x) {
  static constexpr float kCoefficients[] = {0.500637979f,   -0.391533967f, -0.0416153109f,  0.139045616f,
                                            -0.0572018729f, 0.00985083038f, -0.00063748716f};
  const V a = Min(Max(x, -x), Set(4.0f));
  V p = Set(kCoefficients[6]);
  SENVEC_UNROLL
  for (size_t i = 6; i > 0; --i) p = p * a + kCoefficients[i - 1];
  return Max(x, Set(0.0f)) - a * p;
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
