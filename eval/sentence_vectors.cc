#include "eval/sentence_vectors.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

// Enough that every thread has chunks of like length; a few MB of vectors.
constexpr size_t kBatchTexts = 1024;
// Vectors are put on disk after so many, so that an interrupted run loses little.
constexpr size_t kSegmentTexts = 16 * kBatchTexts;

}  // namespace

SentenceVectors::SentenceVectors(const SentenceEncoder& encoder, std::string cache_folder,
                                 Progress progress)
    : encoder_(encoder), cache_folder_(std::move(cache_folder)), progress_(std::move(progress)) {}

absl::StatusOr<VectorCache*> SentenceVectors::CacheFor(const std::string& prompt) {
  const ModelInfo& info = encoder_.info();
  std::unique_ptr<VectorCache>& cache = caches_[prompt];
  if (cache == nullptr) {
    SENVEC_ASSIGN_OR_RETURN(cache, VectorCache::Open(cache_folder_, {.model_fingerprint = info.fingerprint,
                                                                     .precision = info.precision,
                                                                     .isa = info.isa,
                                                                     .pooling = info.pooling,
                                                                     .whitening = info.whitening_fingerprint,
                                                                     .prompt = prompt,
                                                                     .max_tokens = info.max_tokens,
                                                                     .dim = info.dim}));
  }
  return cache.get();
}

absl::Status SentenceVectors::Encode(absl::Span<const std::string> texts, const std::string& prompt,
                                     VectorCache& cache) {
  const int64_t total = static_cast<int64_t>(texts.size());
  for (size_t segment = 0; segment < texts.size(); segment += kSegmentTexts) {
    const auto part = texts.subspan(segment, kSegmentTexts);
    std::vector<float> rows;
    for (size_t begin = 0; begin < part.size(); begin += kBatchTexts) {
      const absl::Time start = absl::Now();
      SENVEC_ASSIGN_OR_RETURN(const auto encoded,
                              encoder_.EncodeTexts(part.subspan(begin, kBatchTexts), prompt,
                                                   {.normalize = false}));
      counts_.encode_seconds += absl::ToDoubleSeconds(absl::Now() - start);
      rows.insert(rows.end(), encoded.rows.begin(), encoded.rows.end());
      for (const int32_t n : encoded.num_tokens) counts_.tokens += n;
      for (const int32_t n : encoded.num_truncated) counts_.truncated += n > 0;
      const size_t done = std::min(segment + begin + kBatchTexts, texts.size());
      if (progress_) progress_(static_cast<int64_t>(done), total);
    }
    SENVEC_RETURN_IF_ERROR(cache.Add(part, rows));
  }
  counts_.encoded += total;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<float>> SentenceVectors::Get(absl::Span<const std::string> texts,
                                                        const std::string& prompt) {
  SENVEC_ASSIGN_OR_RETURN(VectorCache * cache, CacheFor(prompt));
  const size_t dim = encoder_.info().dim;
  std::vector<float> rows(texts.size() * dim);
  absl::flat_hash_set<absl::string_view> seen;
  std::vector<std::string> missing;
  for (size_t i = 0; i < texts.size(); ++i) {
    const bool is_new = seen.insert(texts[i]).second;
    const bool found = cache->Find(texts[i], absl::MakeSpan(rows).subspan(i * dim, dim));
    if (!is_new) continue;
    counts_.cached += found;
    if (!found) missing.push_back(texts[i]);
  }
  if (missing.empty()) return rows;
  // Texts of like length together: a batch then holds no short ones beside long ones.
  std::stable_sort(missing.begin(), missing.end(),
                   [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
  SENVEC_RETURN_IF_ERROR(Encode(missing, prompt, *cache));
  for (size_t i = 0; i < texts.size(); ++i) {
    if (cache->Find(texts[i], absl::MakeSpan(rows).subspan(i * dim, dim))) continue;
    return absl::InternalError("a sentence was encoded and is not in the cache");
  }
  return rows;
}

std::vector<std::string> SentenceVectors::skipped() const {
  std::vector<std::string> all;
  for (const auto& [prompt, cache] : caches_) {
    all.insert(all.end(), cache->skipped().begin(), cache->skipped().end());
  }
  return all;
}

std::vector<float> WhitenAndNormalize(absl::Span<const float> rows, int64_t dim,
                                      const Whitening* whitening) {
  std::vector<float> out(rows.begin(), rows.end());
  int64_t out_dim = dim;
  if (whitening != nullptr) {
    out_dim = whitening->output_dim();
    out.resize(rows.size() / dim * out_dim);
    whitening->Apply(rows, absl::MakeSpan(out));
  }
  for (size_t i = 0; i < out.size(); i += out_dim) {
    L2Normalize(absl::MakeSpan(out).subspan(i, out_dim));
  }
  return out;
}

}  // namespace senvec
