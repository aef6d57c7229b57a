#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "index/vector/vector_file.h"
#include "index/vector/vector_options.h"
#include "kernels/distance.h"
#include "kernels/gemm.h"

namespace senvec {

// What a row's codes lack for its score, where rows differ in length: score = step · Σ codes·query + bias · the query's
// weight, up to what is the same for all rows. For cosine all rows have one step and no bias, and none are kept.
//
// L2: bias = −|x|². Inner product: what completes the row to the greatest length of all, in one dimension more; rows
// compared with rows count it, which makes their graph that of Euclidean distances (Bachrach et al., RecSys 2014), and
// queries do not.
struct RowFactor {
  float step;
  float bias;
};

// A query, or a row that is compared with other rows, in codes.
struct CodedQuery {
  std::vector<int8_t> codes;  // code_bytes() of them
  int32_t offset = 0;         // what rows' 128 more add to each sum
  float step = 1, weight = 0;  // for metrics with factors
};

// Turns rows into codes of 8 bits. Where the rows' principal axes are few, only those are coded. Immutable, safe for
// concurrent use.
class RowCodec {
 public:
  // From a sample, n × dim, of rows as they are stored.
  static std::unique_ptr<const RowCodec> Train(const VectorIndexOptions& options, absl::Span<const float> sample,
                                               Isa isa);
  // What Serialize() gave. DataLoss when it does not fit the file.
  static absl::StatusOr<std::unique_ptr<const RowCodec>> Parse(const VectorFile& file, Isa isa);
  std::string Serialize() const;

  int32_t dims() const { return dims_; }
  size_t code_bytes() const { return PaddedCodes(static_cast<size_t>(dims_)); }
  float step() const { return step_; }  // cosine: value = step · (code − 128)
  bool has_factors() const { return metric_ != Metric::kCosine; }

  // codes: n × code_bytes(). factors: n, where there are any; complete after CompleteFactors() of all rows.
  void Encode(absl::Span<const float> rows, size_t n, uint8_t* codes, RowFactor* factors) const;
  void CompleteFactors(absl::Span<RowFactor> factors) const;
  // Grows `coded` once and then allocates nothing.
  void EncodeQuery(const float* query, CodedQuery& coded) const;
  // A row's own codes as a query's: for what is built of rows alone.
  void RowAsQuery(const uint8_t* codes, const RowFactor* factor, CodedQuery& coded) const;

 private:
  RowCodec(const VectorIndexOptions& options, int32_t dims, float step, std::vector<float> mean,
           std::vector<float> matrix, Isa isa);
  // n rows of dim, less the mean, to n of dims_.
  void Project(const float* rows, size_t n, float* out) const;

  const Metric metric_;
  const int32_t dim_, dims_;
  const float step_;               // cosine: of all rows
  const std::vector<float> mean_;  // L2: taken off first, or empty
  const std::vector<float> matrix_;  // dims_ × dim_, or empty for all values as they are
  std::unique_ptr<const PackedMatrix> packed_;
};

}  // namespace senvec
