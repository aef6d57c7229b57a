#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "base/thread_pool.h"
#include "train/data/text_store.h"

namespace senvec {

// What a teacher says of texts, embedded once by our own engine. Vectors are kept on disk as fp16, in folders named after the
// teacher's fingerprint, its precision and the prompt, by the hashes of texts, so that another run over the same texts, or
// more, embeds only what is new. Immutable, safe for concurrent use.
class TeacherVectors {
 public:
  struct Options {
    std::string directory;  // of the teacher
    std::string prompt;     // text put before each
    std::string precision = "auto";
    std::string cache;      // a folder, made where it is missing
    double mean_share = 0.9;
    bool quiet = false;
  };
  // Embeds `texts` (numbers of `store`, each once) that the cache does not have. `pool` must outlive the call. What was
  // embedded before an error or a kill is not lost, but for the last thousands.
  static absl::StatusOr<std::unique_ptr<TeacherVectors>> Load(const Options& options, const TextStore& store,
                                                              absl::Span<const int32_t> texts, ThreadPool* pool);

  int64_t dim() const { return dim_; }
  // texts.size() × dim: the teacher's vectors less mean_share of their mean over all texts, of length 1. fp32.
  at::Tensor Targets(absl::Span<const int32_t> texts) const;

 private:
  TeacherVectors() = default;
  void ComputeMean();

  int64_t dim_ = 0;
  double mean_share_ = 0;
  std::vector<int32_t> row_of_text_;  // −1 = none
  std::vector<uint16_t> rows_;        // fp16
  std::vector<float> mean_;
};

}  // namespace senvec
