#include <cmath>
#include <map>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "encoder/weights/safetensors_writer.h"
#include "encoder/weights/weight_source.h"
#include "encoder/whitening/whitening.h"

namespace senvec {
namespace {

constexpr char kFormat[] = "senvec-whitening-1";

absl::Status Damaged(const std::string& path, absl::string_view fault) {
  return absl::InvalidArgumentError(
      absl::StrCat(path, " is no whitening that can be used: ", fault,
                   "; make it again with `senvec whiten fit`"));
}

absl::StatusOr<double> NumberIn(const WeightSource& source, const std::string& path, const char* key) {
  const std::string text = source.Metadata(key);
  double value = 0;
  if (!absl::SimpleAtod(text, &value) || !std::isfinite(value)) {
    return Damaged(path, absl::StrCat("its ", key, " is \"", text, "\""));
  }
  return value;
}

// The tensor's values when it has the given number of axes.
absl::StatusOr<const TensorView*> TensorIn(const WeightSource& source, const std::string& path,
                                           const char* name, DType dtype, size_t axes) {
  const TensorView* tensor = source.Find(name);
  if (tensor == nullptr) return Damaged(path, absl::StrCat("it has no tensor \"", name, "\""));
  if (tensor->dtype != dtype || tensor->shape.size() != axes || tensor->num_elements() == 0) {
    return Damaged(path, absl::StrCat("tensor \"", name, "\" is ", DTypeName(tensor->dtype), " ",
                                      ShapeString(tensor->shape)));
  }
  return tensor;
}

template <typename T>
TensorView ViewOf(const char* name, DType dtype, std::vector<int64_t> shape, const std::vector<T>& values) {
  return {name, dtype, std::move(shape), {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)}};
}

}  // namespace

absl::Status Whitening::Save(const std::string& path) const {
  const int64_t input = input_dim(), output = output_dim();
  std::vector<float> kernel(kernel_.size());  // input × output, as the formula writes it
  for (int64_t i = 0; i < input; ++i) {
    for (int64_t j = 0; j < output; ++j) kernel[i * output + j] = kernel_[j * input + i];
  }
  const std::map<std::string, std::string> metadata = {
      {"format", kFormat},
      {"model_fingerprint", model_fingerprint_},
      {"fingerprint", fingerprint_},
      {"beta", absl::StrFormat("%.17g", options_.beta)},
      {"gamma", absl::StrFormat("%.17g", options_.gamma)},
      {"k", absl::StrCat(output)},
      {"count", absl::StrCat(count_)},
      {"eigenvalue_floor", absl::StrFormat("%.17g", options_.eigenvalue_floor)}};
  return WriteSafetensors(path,
                          {ViewOf("kernel", DType::kF32, {input, output}, kernel),
                           ViewOf("shift", DType::kF32, {input}, shift_),
                           ViewOf("eigenvalues", DType::kF64, {input}, eigenvalues_)},
                          metadata);
}

absl::StatusOr<Whitening> Whitening::Load(const std::string& path) {
  SENVEC_ASSIGN_OR_RETURN(const auto source, WeightSource::OpenSafetensors(path));
  const std::string format = source->Metadata("format");
  if (format != kFormat) {
    return Damaged(path, absl::StrCat("its format is \"", format, "\", this version reads \"", kFormat, "\""));
  }
  SENVEC_ASSIGN_OR_RETURN(const TensorView* kernel, TensorIn(*source, path, "kernel", DType::kF32, 2));
  SENVEC_ASSIGN_OR_RETURN(const TensorView* shift, TensorIn(*source, path, "shift", DType::kF32, 1));
  SENVEC_ASSIGN_OR_RETURN(const TensorView* eigenvalues,
                          TensorIn(*source, path, "eigenvalues", DType::kF64, 1));
  const int64_t input = kernel->shape[0], output = kernel->shape[1];
  if (shift->shape[0] != input || eigenvalues->shape[0] != input || output > input) {
    return Damaged(path, absl::StrCat("kernel ", ShapeString(kernel->shape), ", shift ", ShapeString(shift->shape),
                                      " and eigenvalues ", ShapeString(eigenvalues->shape), " do not fit"));
  }
  Whitening whitening;
  whitening.options_.k = static_cast<int32_t>(output);
  SENVEC_ASSIGN_OR_RETURN(whitening.options_.beta, NumberIn(*source, path, "beta"));
  SENVEC_ASSIGN_OR_RETURN(whitening.options_.gamma, NumberIn(*source, path, "gamma"));
  SENVEC_ASSIGN_OR_RETURN(whitening.options_.eigenvalue_floor, NumberIn(*source, path, "eigenvalue_floor"));
  SENVEC_ASSIGN_OR_RETURN(const double count, NumberIn(*source, path, "count"));
  whitening.count_ = static_cast<int64_t>(count);
  if (absl::Status valid = whitening.options_.Validate(static_cast<int32_t>(input)); !valid.ok()) {
    return Damaged(path, valid.message());
  }
  std::vector<float> rows(input * output);
  whitening.shift_.resize(input);
  SENVEC_RETURN_IF_ERROR(ToFloat(*kernel, absl::MakeSpan(rows)));
  SENVEC_RETURN_IF_ERROR(ToFloat(*shift, absl::MakeSpan(whitening.shift_)));
  whitening.kernel_.resize(rows.size());
  for (int64_t i = 0; i < input; ++i) {
    for (int64_t j = 0; j < output; ++j) whitening.kernel_[j * input + i] = rows[i * output + j];
  }
  whitening.eigenvalues_.resize(input);
  eigenvalues->bytes.copy(reinterpret_cast<char*>(whitening.eigenvalues_.data()), eigenvalues->bytes.size());
  whitening.model_fingerprint_ = source->Metadata("model_fingerprint");
  whitening.fingerprint_ = whitening.ComputeFingerprint();
  if (whitening.fingerprint_ != source->Metadata("fingerprint")) {
    return Damaged(path, "its values do not have the fingerprint that it names");
  }
  return whitening;
}

}  // namespace senvec
