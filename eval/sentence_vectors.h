#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "encoder/sentence_encoder.h"
#include "eval/vector_cache.h"

namespace senvec {

// Vectors of sentences with each sentence encoded once: in this run, and with a cache folder in any
// run with the same model, precision, instruction set, pooling, prompt and length limit.
//
// Vectors are as they leave the encoder, not normalised: pooled ones, so that one encoding serves every
// whitening (see WhitenAndNormalize()), or, of an encoder that has a whitening, whitened ones. Not
// thread-safe; the encoder's pool does the work.
class SentenceVectors {
 public:
  // Hears what is being encoded: how many sentences are done of how many.
  using Progress = std::function<void(int64_t done, int64_t total)>;

  // `encoder` must outlive the object.
  SentenceVectors(const SentenceEncoder& encoder, std::string cache_folder, Progress progress);

  // n × dim, in the order of `texts`, which may repeat. `prompt`: the text put before each.
  absl::StatusOr<std::vector<float>> Get(absl::Span<const std::string> texts,
                                         const std::string& prompt);

  struct Counts {
    int64_t encoded = 0;  // distinct sentences that the model saw
    int64_t cached = 0;   // distinct sentences that came from the cache
    int64_t tokens = 0;   // of the encoded ones, special tokens included
    int64_t truncated = 0;
    double encode_seconds = 0;
  };
  const Counts& counts() const { return counts_; }
  // Cache files that were passed over; see VectorCache::skipped().
  std::vector<std::string> skipped() const;
  const SentenceEncoder& encoder() const { return encoder_; }

 private:
  absl::StatusOr<VectorCache*> CacheFor(const std::string& prompt);
  absl::Status Encode(absl::Span<const std::string> texts, const std::string& prompt,
                      VectorCache& cache);

  const SentenceEncoder& encoder_;
  const std::string cache_folder_;
  const Progress progress_;
  std::map<std::string, std::unique_ptr<VectorCache>> caches_;  // by prompt
  Counts counts_;
};

// Applies a whitening (null = none) to n × dim rows and scales each to length 1.
std::vector<float> WhitenAndNormalize(absl::Span<const float> rows, int64_t dim,
                                      const Whitening* whitening);

}  // namespace senvec
