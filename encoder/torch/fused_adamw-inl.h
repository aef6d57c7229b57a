// One step of AdamW; see fused_loops_impl.h for how this file is included.

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
