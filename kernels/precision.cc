#include "kernels/precision.h"

#include "absl/strings/str_cat.h"
#include "base/check.h"

namespace senvec {

absl::string_view PrecisionName(Precision precision) {
  switch (precision) {
    case Precision::kFp32:
      return "fp32";
    case Precision::kBf16:
      return "bf16";
    case Precision::kInt8:
      return "int8";
  }
  SENVEC_CHECK(false && "unknown Precision");
}

absl::StatusOr<Precision> ParsePrecision(absl::string_view name) {
  for (Precision precision : {Precision::kFp32, Precision::kBf16, Precision::kInt8}) {
    if (name == PrecisionName(precision)) return precision;
  }
  return absl::InvalidArgumentError(absl::StrCat("precision is \"", name, "\"; choose fp32, bf16 or int8"));
}

}  // namespace senvec
