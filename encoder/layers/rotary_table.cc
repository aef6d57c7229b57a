#include "encoder/layers/rotary_table.h"

#include <cmath>

#include "base/check.h"

namespace senvec {

RotaryTable::RotaryTable(int32_t num_positions, int32_t head_size)
    : num_positions_(num_positions), half_(head_size / 2) {
  SENVEC_CHECK(head_size % 2 == 0);
  cos_.reserve(int64_t{num_positions} * half_);
  sin_.reserve(int64_t{num_positions} * half_);
  for (int32_t n = 0; n < num_positions; ++n) {
    for (int32_t i = 0; i < half_; ++i) {
      const double angle = n / std::pow(10000.0, 2.0 * i / head_size);
      cos_.push_back(static_cast<float>(std::cos(angle)));
      sin_.push_back(static_cast<float>(std::sin(angle)));
    }
  }
}

}  // namespace senvec
