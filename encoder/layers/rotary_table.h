#pragma once

#include <cstdint>
#include <vector>

namespace senvec {

// cos(nθ_i) and sin(nθ_i) for θ_i = 10000^(−2i/d), i in [0, d/2), n in [0, num_positions): rotary positions (RoPE),
// kexue.fm 8265. Kept as Kernels::rotate_pairs wants them: every value twice, sines first negated. Immutable, safe for
// concurrent use.
class RotaryTable {
 public:
  // head_size even. Angles are computed in fp64 and rounded once.
  RotaryTable(int32_t num_positions, int32_t head_size);

  int32_t num_positions() const { return num_positions_; }
  const float* cos(int32_t position) const { return cos_.data() + int64_t{position} * head_size_; }  // head_size
  const float* sin(int32_t position) const { return sin_.data() + int64_t{position} * head_size_; }  // head_size

 private:
  int32_t num_positions_;
  int32_t head_size_;
  std::vector<float> cos_, sin_;
};

}  // namespace senvec
