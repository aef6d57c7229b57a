// Sums and means over rows; see fused_loops_impl.h for how this file is included.

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
