#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace senvec {

// How matrix products are computed; everything else (norms, softmax, residuals) is fp32 in each.
enum class Precision {
  kFp32,
  kBf16,  // both operands rounded to bfloat16, products summed in fp32
  kInt8,  // weights s8 with one scale an output; inputs u8 with scale and zero point of each row, found at run time
};
inline constexpr int kNumPrecisions = 3;

absl::string_view PrecisionName(Precision precision);  // "fp32", "bf16", "int8"
// InvalidArgument lists the names.
absl::StatusOr<Precision> ParsePrecision(absl::string_view name);

}  // namespace senvec
