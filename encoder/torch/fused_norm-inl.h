// Residual and layer norm; see fused_loops_impl.h for how this file is included.

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
