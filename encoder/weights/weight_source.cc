#include "encoder/weights/weight_source.h"

#include <array>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "encoder/weights/float_convert.h"

namespace senvec {
namespace {

struct DTypeEntry {
  DType dtype;
  absl::string_view name;
  size_t size;
};
constexpr std::array<DTypeEntry, 10> kDTypes = {{
    {DType::kF32, "F32", 4},
    {DType::kF16, "F16", 2},
    {DType::kBF16, "BF16", 2},
    {DType::kF64, "F64", 8},
    {DType::kI64, "I64", 8},
    {DType::kI32, "I32", 4},
    {DType::kI16, "I16", 2},
    {DType::kI8, "I8", 1},
    {DType::kU8, "U8", 1},
    {DType::kBool, "BOOL", 1},
}};

const DTypeEntry& Entry(DType dtype) {
  for (const DTypeEntry& entry : kDTypes) {
    if (entry.dtype == dtype) return entry;
  }
  SENVEC_CHECK(false && "unknown DType");
}

}  // namespace

size_t DTypeSize(DType dtype) { return Entry(dtype).size; }
absl::string_view DTypeName(DType dtype) { return Entry(dtype).name; }

absl::StatusOr<DType> ParseDType(absl::string_view name) {
  for (const DTypeEntry& entry : kDTypes) {
    if (entry.name == name) return entry.dtype;
  }
  return absl::InvalidArgumentError(absl::StrCat("dtype \"", name, "\" is not known"));
}

int64_t TensorView::num_elements() const {
  int64_t count = 1;
  for (int64_t size : shape) count *= size;
  return count;
}

std::string ShapeString(absl::Span<const int64_t> shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) absl::StrAppend(&text, i == 0 ? "" : ", ", shape[i]);
  return text + "]";
}

absl::Status RowsToFloat(const TensorView& tensor, int64_t begin, absl::Span<float> out) {
  SENVEC_CHECK(begin >= 0 && begin + static_cast<int64_t>(out.size()) <= tensor.num_elements());
  const char* bytes = tensor.bytes.data() + begin * static_cast<int64_t>(DTypeSize(tensor.dtype));
  switch (tensor.dtype) {
    case DType::kF32:
      if (!out.empty()) std::memcpy(out.data(), bytes, out.size() * sizeof(float));
      return absl::OkStatus();
    case DType::kF16:
      HalfRowToFloat(bytes, out);
      return absl::OkStatus();
    case DType::kBF16:
      BFloat16RowToFloat(bytes, out);
      return absl::OkStatus();
    case DType::kF64:
      for (size_t i = 0; i < out.size(); ++i) {
        double value;
        std::memcpy(&value, bytes + i * sizeof(value), sizeof(value));
        out[i] = static_cast<float>(value);
      }
      return absl::OkStatus();
    default:
      return absl::InvalidArgumentError(absl::StrCat("tensor \"", tensor.name, "\" has dtype ",
                                                     DTypeName(tensor.dtype),
                                                     "; expected F32, F16, BF16 or F64"));
  }
}

absl::Status ToFloat(const TensorView& tensor, absl::Span<float> out) {
  SENVEC_CHECK(static_cast<int64_t>(out.size()) == tensor.num_elements());
  return RowsToFloat(tensor, 0, out);
}

}  // namespace senvec
