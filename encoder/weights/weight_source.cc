#include "encoder/weights/weight_source.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"
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

// The first of `count` values, not necessarily aligned, whose bits under `exponent` are all set: an infinity or NaN.
// Adding the exponent's lowest bit then carries into the sign's place; sums are or-ed by the block, which vectorises.
template <typename Bits>
size_t FirstNotFinite(const char* bytes, size_t count, Bits exponent) {
  constexpr size_t kBlock = 512;
  constexpr Bits kSign = static_cast<Bits>(Bits{1} << (8 * sizeof(Bits) - 1));
  const Bits lowest = static_cast<Bits>(exponent & (~exponent + 1u));
  const auto carry = [=](size_t i) {
    Bits bits;
    std::memcpy(&bits, bytes + i * sizeof(Bits), sizeof(Bits));
    return static_cast<Bits>(static_cast<Bits>(bits & static_cast<Bits>(~kSign)) + lowest);
  };
  for (size_t begin = 0; begin < count; begin += kBlock) {
    const size_t end = std::min(count, begin + kBlock);
    Bits any = 0;
    for (size_t i = begin; i < end; ++i) any = static_cast<Bits>(any | carry(i));
    if ((any & kSign) == 0) continue;
    for (size_t i = begin; i < end; ++i) {
      if ((carry(i) & kSign) != 0) return i;
    }
  }
  return count;
}

size_t FirstNotFinite(absl::Span<const float> values) {
  return FirstNotFinite<uint32_t>(reinterpret_cast<const char*>(values.data()), values.size(), 0x7f800000u);
}

absl::Status NotFinite(const TensorView& tensor, size_t element, float value) {
  return absl::InvalidArgumentError(absl::StrCat(
      tensor.file, tensor.file.empty() ? "" : ": ", "tensor \"", tensor.name, "\" ", ShapeString(tensor.shape), ": element ",
      element, " is ", value, "; weights must be finite: fetch the file again, or export the model again"));
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
  SENVEC_RETURN_IF_ERROR(RowsToFloat(tensor, 0, out));
  // The result is looked at, not the source: a double may be too large for a float.
  const size_t bad = FirstNotFinite(out);
  return bad == out.size() ? absl::OkStatus() : NotFinite(tensor, bad, out[bad]);
}

absl::Status CheckFinite(const TensorView& tensor) {
  const size_t count = static_cast<size_t>(tensor.num_elements());
  size_t bad = count;
  if (tensor.dtype == DType::kF32) bad = FirstNotFinite<uint32_t>(tensor.bytes.data(), count, 0x7f800000u);
  if (tensor.dtype == DType::kF16) bad = FirstNotFinite<uint16_t>(tensor.bytes.data(), count, 0x7c00u);
  if (tensor.dtype == DType::kBF16) bad = FirstNotFinite<uint16_t>(tensor.bytes.data(), count, 0x7f80u);
  if (tensor.dtype == DType::kF64) bad = FirstNotFinite<uint64_t>(tensor.bytes.data(), count, 0x7ff0000000000000u);
  if (bad == count) return absl::OkStatus();
  float value = 0;
  SENVEC_RETURN_IF_ERROR(RowsToFloat(tensor, static_cast<int64_t>(bad), absl::MakeSpan(&value, 1)));
  return NotFinite(tensor, bad, value);
}

}  // namespace senvec
