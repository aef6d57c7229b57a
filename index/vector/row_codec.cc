#include "index/vector/row_codec.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "index/vector/principal_axes.h"

namespace senvec {
namespace {

constexpr int32_t kMostDimsTurned = 1536;  // finding the axes takes dim³ steps
constexpr double kEnergy = 0.9;            // of the second moments, kept in codes
constexpr float kDeviations = 4;           // of the values, that codes span

struct CodeTable {
  int32_t dims;
  float step;
  uint32_t has_mean, has_matrix;
};

// 128 more than the nearest of −127 … 127.
inline uint8_t CodeOf(float value, float inverse) {
  const float scaled = std::min(std::max(value * inverse, -127.0f), 127.0f);
  return static_cast<uint8_t>(static_cast<int>(std::lrintf(scaled)) + 128);
}

float Greatest(const float* values, size_t n) {
  float greatest = 0;
  for (size_t i = 0; i < n; ++i) greatest = std::max(greatest, std::abs(values[i]));
  return greatest;
}

int32_t OffsetOf(const std::vector<int8_t>& codes) {
  int32_t sum = 0;
  for (int8_t code : codes) sum += code;
  return 128 * sum;
}

float InverseOf(float step) { return step > 0 ? 1 / step : 0; }

}  // namespace

RowCodec::RowCodec(const VectorIndexOptions& options, int32_t dims, float step, std::vector<float> mean,
                   std::vector<float> matrix, Isa isa)
    : metric_(options.metric),
      dim_(options.dim),
      dims_(dims),
      step_(step),
      mean_(std::move(mean)),
      matrix_(std::move(matrix)) {
  if (matrix_.empty()) return;
  packed_ = std::make_unique<PackedMatrix>(
      PackedMatrix::Pack(matrix_, {}, dims_, dim_, Precision::kFp32, KernelsFor(isa)));
}

std::unique_ptr<const RowCodec> RowCodec::Train(const VectorIndexOptions& options, absl::Span<const float> sample,
                                                Isa isa) {
  const size_t dim = static_cast<size_t>(options.dim), n = sample.size() / dim;
  std::vector<float> mean, centred(sample.begin(), sample.end());
  if (options.metric == Metric::kL2 && n > 0) {
    std::vector<double> sums(dim);
    for (size_t i = 0; i < sample.size(); ++i) sums[i % dim] += sample[i];
    for (double sum : sums) mean.push_back(static_cast<float>(sum / static_cast<double>(n)));
    for (size_t i = 0; i < centred.size(); ++i) centred[i] -= mean[i % dim];
  }
  PrincipalAxes axes;
  if (options.dim <= kMostDimsTurned) axes = FindPrincipalAxes(centred, options.dim, kCodeStep, kEnergy);
  const int32_t dims = axes.matrix.empty() ? options.dim : axes.dims;
  float step = 1;
  if (options.metric == Metric::kCosine) {
    const RowCodec plain(options, dims, 1, {}, axes.matrix, isa);
    std::vector<float> projected(n * static_cast<size_t>(dims));
    plain.Project(centred.data(), n, projected.data());
    double squares = 0;
    for (float value : projected) squares += double{value} * value;
    const double deviation = std::sqrt(squares / std::max<double>(1, static_cast<double>(projected.size())));
    const float greatest = Greatest(projected.data(), projected.size());
    // Values that were not turned may be anything but normal.
    const float span = axes.matrix.empty() ? greatest : std::min(greatest, static_cast<float>(kDeviations * deviation));
    step = span > 0 ? span / 127 : 1;
  }
  return std::unique_ptr<const RowCodec>(
      new RowCodec(options, dims, step, std::move(mean), std::move(axes.matrix), isa));
}

std::string RowCodec::Serialize() const {
  const CodeTable table = {dims_, step_, !mean_.empty(), !matrix_.empty()};
  std::string bytes(reinterpret_cast<const char*>(&table), sizeof(table));
  for (const std::vector<float>& values : {mean_, matrix_}) {
    bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
  }
  return bytes;
}

absl::StatusOr<std::unique_ptr<const RowCodec>> RowCodec::Parse(const VectorFile& file, Isa isa) {
  const absl::string_view bytes = file.section(VectorSection::kCodeTable);
  const size_t dim = static_cast<size_t>(file.options().dim);
  CodeTable table;
  if (bytes.size() < sizeof(table)) return file.Damaged("its code table is cut short");
  std::memcpy(&table, bytes.data(), sizeof(table));
  if (table.dims < 1 || static_cast<size_t>(table.dims) > dim || table.has_mean > 1 || table.has_matrix > 1 ||
      !(std::isfinite(table.step) && table.step > 0) ||
      (table.has_matrix == 0 && static_cast<size_t>(table.dims) != dim)) {
    return file.Damaged("its code table makes no sense");
  }
  const size_t mean = table.has_mean * dim, matrix = table.has_matrix * dim * static_cast<size_t>(table.dims);
  if (bytes.size() != sizeof(table) + (mean + matrix) * sizeof(float)) {
    return file.Damaged("its code table has another size than its header says");
  }
  std::vector<float> values(mean + matrix);
  if (!values.empty()) std::memcpy(values.data(), bytes.data() + sizeof(table), values.size() * sizeof(float));
  for (float value : values) {
    if (!std::isfinite(value)) return file.Damaged("its code table holds a value that is not finite");
  }
  const auto middle = values.begin() + static_cast<ptrdiff_t>(mean);
  return std::unique_ptr<const RowCodec>(new RowCodec(file.options(), table.dims, table.step,
                                                      std::vector<float>(values.begin(), middle),
                                                      std::vector<float>(middle, values.end()), isa));
}

void RowCodec::Project(const float* rows, size_t n, float* out) const {
  const size_t dim = static_cast<size_t>(dim_);
  thread_local std::vector<float> centred;
  if (!mean_.empty()) {
    centred.assign(rows, rows + n * dim);
    for (size_t i = 0; i < centred.size(); ++i) centred[i] -= mean_[i % dim];
    rows = centred.data();
  }
  if (packed_ == nullptr) {
    std::copy_n(rows, n * dim, out);
    return;
  }
  LeftOperand left;
  left.View(rows, static_cast<int64_t>(n), dim_, dim_);
  packed_->Multiply(left, nullptr, {.fp32 = out});
}

void RowCodec::Encode(absl::Span<const float> rows, size_t n, uint8_t* codes, RowFactor* factors) const {
  const size_t dim = static_cast<size_t>(dim_), dims = static_cast<size_t>(dims_), padded = code_bytes();
  thread_local std::vector<float> projected;
  projected.resize(n * dims);
  Project(rows.data(), n, projected.data());
  for (size_t r = 0; r < n; ++r) {
    const float* values = projected.data() + r * dims;
    float step = step_;
    if (has_factors()) {
      step = Greatest(values, dims) / 127;
      double squares = 0;
      for (size_t d = 0; d < dim; ++d) {
        const double value = double{rows[r * dim + d]} - (mean_.empty() ? 0.0f : mean_[d]);
        squares += value * value;
      }
      factors[r] = {.step = step, .bias = static_cast<float>(-squares)};
    }
    const float inverse = InverseOf(step);
    uint8_t* out = codes + r * padded;
    for (size_t d = 0; d < dims; ++d) out[d] = CodeOf(values[d], inverse);
    std::fill(out + dims, out + padded, uint8_t{128});
  }
}

void RowCodec::CompleteFactors(absl::Span<RowFactor> factors) const {
  if (metric_ != Metric::kInnerProduct) return;
  double longest = 0;
  for (const RowFactor& factor : factors) longest = std::max(longest, -double{factor.bias});
  for (RowFactor& factor : factors) factor.bias = static_cast<float>(std::sqrt(longest + double{factor.bias}));
}

void RowCodec::EncodeQuery(const float* query, CodedQuery& coded) const {
  const size_t dims = static_cast<size_t>(dims_), padded = code_bytes();
  thread_local std::vector<float> projected;
  projected.resize(dims);
  Project(query, 1, projected.data());
  const float step = Greatest(projected.data(), dims) / 127, inverse = InverseOf(step);
  coded.codes.resize(padded);
  for (size_t d = 0; d < dims; ++d) {
    coded.codes[d] = static_cast<int8_t>(static_cast<int>(CodeOf(projected[d], inverse)) - 128);
  }
  std::fill(coded.codes.begin() + static_cast<ptrdiff_t>(dims), coded.codes.end(), int8_t{0});
  coded.offset = OffsetOf(coded.codes);
  coded.step = metric_ == Metric::kL2 ? 2 * step : step;
  coded.weight = metric_ == Metric::kL2 ? 1 : 0;
}

void RowCodec::RowAsQuery(const uint8_t* codes, const RowFactor* factor, CodedQuery& coded) const {
  coded.codes.resize(code_bytes());
  int8_t* const out = coded.codes.data();
  for (size_t i = 0; i < coded.codes.size(); i += sizeof(uint64_t)) {
    uint64_t word;
    std::memcpy(&word, codes + i, sizeof(word));
    word ^= 0x8080808080808080u;
    std::memcpy(out + i, &word, sizeof(word));
  }
  if (factor == nullptr) return;
  coded.offset = OffsetOf(coded.codes);
  coded.step = metric_ == Metric::kL2 ? 2 * factor->step : factor->step;
  coded.weight = metric_ == Metric::kL2 ? 1 : factor->bias;
}

}  // namespace senvec
