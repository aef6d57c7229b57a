// Activations after a linear layer, with its bias; see fused_loops_impl.h for how this file is included.

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
