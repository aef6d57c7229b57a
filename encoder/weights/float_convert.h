#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace senvec {

// IEEE 754 half and bfloat16 bits to fp32, exact, subnormals, infinities and NaN included.
float HalfToFloat(uint16_t bits);
float BFloat16ToFloat(uint16_t bits);
// Round to nearest even; beyond the range gives infinity.
uint16_t FloatToHalf(float value);

// `bytes`: out.size() little-endian 16-bit values, not necessarily aligned. Uses F16C where the CPU has it; the
// result is the same.
void HalfRowToFloat(const char* bytes, absl::Span<float> out);
void BFloat16RowToFloat(const char* bytes, absl::Span<float> out);

}  // namespace senvec
