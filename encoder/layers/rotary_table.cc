#include "encoder/layers/rotary_table.h"

#include <cmath>

#include "base/check.h"

namespace senvec {

RotaryTable::RotaryTable(int32_t num_positions, int32_t head_size)
    : num_positions_(num_positions), head_size_(head_size) {
  SENVEC_CHECK(head_size % 2 == 0);
  cos_.reserve(int64_t{num_positions} * head_size);
  sin_.reserve(int64_t{num_positions} * head_size);
  for (int32_t n = 0; n < num_positions; ++n) {
    for (int32_t i = 0; i < head_size / 2; ++i) {
      const double angle = n / std::pow(10000.0, 2.0 * i / head_size);
      const float cos = static_cast<float>(std::cos(angle)), sin = static_cast<float>(std::sin(angle));
      cos_.insert(cos_.end(), {cos, cos});
      sin_.insert(sin_.end(), {-sin, sin});
    }
  }
}

}  // namespace senvec
