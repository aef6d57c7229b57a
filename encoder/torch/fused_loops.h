#pragma once

#include <cstddef>
#include <cstdint>

namespace senvec {

// The loops of the fused operations, once for each instruction set (fused_loops_impl.h). Rows are of
// `bf16` or fp32; sums are in fp32. Nothing here allocates, and nothing depends on how rows are shared out.
struct FusedLoops {
  enum Act { kGeluErf, kGeluTanh, kRelu, kSilu, kTanh, kIdentity };

  // y = act(x + bias), `rows` × `width`.
  void (*activate)(const void* x, const float* bias, int64_t rows, int64_t width, Act act, bool bf16, void* y);
  // dx = dy · act'(x + bias); bias_sum[width] += column sums of dx.
  void (*activate_back)(const void* dy, const void* x, const float* bias, int64_t rows, int64_t width, Act act,
                        bool bf16, void* dx, float* bias_sum);

  struct Norm {
    int64_t width;
    const float* bias;    // of the branch
    const float* weight;  // of the norm
    const float* shift;   // its bias
    float epsilon;
    uint64_t site;       // see DropoutHash
    int64_t first_row;   // what row 0 is called there
    uint32_t threshold;  // DropoutHash::Threshold()
    float kept;          // 1 / (1 − probability)
    bool bf16;
  };
  // sum = residual + dropout(x + bias); y = (sum − mean) · rstd · weight + shift. Rows [begin, end) of
  // arrays that begin at row 0.
  void (*norm)(const Norm& norm, int64_t begin, int64_t end, const void* x, const void* residual,
               void* sum, float* mean, float* rstd, void* y);
  // dresidual, dx; sums[3 · width] += [bias | weight | shift] gradients.
  void (*norm_back)(const Norm& norm, int64_t begin, int64_t end, const void* dy, const void* sum,
                    const float* mean, const float* rstd, void* dresidual, void* dx, float* sums);

  struct Attention {
    int64_t heads, head_size;
    const float* bias;         // [3 · width]
    const float* cos;          // [positions, head_size], or null
    const float* sin;
    bool rotate_value;
    const int32_t* visible;    // of the sequence's tokens, or null
    uint64_t site;
    int64_t first_row;
    uint32_t threshold;
    float kept;
    bool bf16;
  };
  // Floats that one call of the two below needs as `scratch`, 64-byte aligned.
  size_t (*attention_scratch)(int64_t longest, int64_t head_size);
  // One sequence and head: rows [begin, begin + length) of qkv and out.
  void (*attention)(const Attention& attention, int64_t begin, int64_t length, int64_t head,
                    const void* qkv, void* out, float* scratch);
  void (*attention_back)(const Attention& attention, int64_t begin, int64_t length, int64_t head,
                         const void* qkv, const void* dout, void* dqkv, float* scratch);

  // sums[width] += column sums of rows × width.
  void (*column_sums)(const void* x, int64_t rows, int64_t width, bool bf16, float* sums);
  // out = the mean of `rows` × width.
  void (*mean)(const void* x, int64_t rows, int64_t width, bool bf16, void* out);
  // Each of the rows = gradient / rows.
  void (*mean_back)(const void* gradient, int64_t rows, int64_t width, bool bf16, void* dx);

  struct AdamW {
    float learning_rate, beta1, beta2, epsilon, decay;  // decay: learning_rate · weight_decay
    float correction1, correction2;                     // 1 − betaᵗ
  };
  // In place on `count` values; gradient is multiplied by gradient_scale first.
  void (*adamw)(const AdamW& settings, const float* gradient, float gradient_scale, int64_t count, float* value,
                float* first, float* second);
  // The sum of squares, in fp64.
  double (*square_sum)(const float* x, int64_t count);
};

const FusedLoops& BaselineFusedLoops();
const FusedLoops& Avx2FusedLoops();
const FusedLoops& Avx512FusedLoops();
// The best that this CPU has.
const FusedLoops& BestFusedLoops();

}  // namespace senvec
