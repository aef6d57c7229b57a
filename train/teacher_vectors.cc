#include "train/teacher_vectors.h"

#include <algorithm>
#include <cstring>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "base/check.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/progress.h"
#include "base/status_macros.h"
#include "encoder/sentence_encoder.h"
#include "encoder/weights/float_convert.h"
#include "train/loss/distill_loss.h"
#include "train/teacher_cache.h"

namespace senvec {
namespace {

// Texts to a piece of the cache: what a kill can lose.
constexpr size_t kPieceTexts = 32768;
// Texts to one call of the encoder.
constexpr size_t kCallTexts = 4096;

std::string FolderOf(const TeacherVectors::Options& options, const ModelInfo& info) {
  return JoinPath(options.cache, absl::StrFormat("%s-%s-%08x", info.fingerprint, info.precision,
                                                 Checksum64(options.prompt) & 0xffffffffu));
}

// Which of `texts` the cache has, and their rows.
struct Found {
  std::vector<int32_t> texts;
  std::vector<uint16_t> rows;
};
absl::StatusOr<Found> FindCached(const TeacherCache& cache, const TextStore& store, absl::Span<const int32_t> texts,
                                 int64_t dim, std::vector<int32_t>* missing) {
  absl::flat_hash_map<uint64_t, int32_t> wanted;
  wanted.reserve(texts.size());
  for (int32_t text : texts) wanted.emplace(store.hash(text), text);
  Found found;
  for (int64_t piece = 0; piece < cache.num_pieces(); ++piece) {
    SENVEC_ASSIGN_OR_RETURN(const TeacherCache::Piece read, cache.Read(piece));
    for (size_t i = 0; i < read.keys.size(); ++i) {
      const auto it = wanted.find(read.keys[i]);
      if (it == wanted.end()) continue;
      found.texts.push_back(it->second);
      const auto row = read.rows.begin() + static_cast<int64_t>(i) * dim;
      found.rows.insert(found.rows.end(), row, row + dim);
      wanted.erase(it);
    }
  }
  for (int32_t text : texts) {
    if (wanted.contains(store.hash(text))) missing->push_back(text);
  }
  return found;
}

absl::StatusOr<std::vector<uint16_t>> Embed(const SentenceEncoder& encoder, const TextStore& store,
                                            const std::string& prompt, absl::Span<const int32_t> texts) {
  std::vector<std::string> strings;
  for (int32_t text : texts) strings.emplace_back(store.text(text));
  SENVEC_ASSIGN_OR_RETURN(const SentenceEncoder::TextsResult result,
                          encoder.EncodeTexts(strings, prompt, {.normalize = true}));
  std::vector<uint16_t> rows(result.rows.size());
  std::transform(result.rows.begin(), result.rows.end(), rows.begin(), FloatToHalf);
  return rows;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TeacherVectors>> TeacherVectors::Load(const Options& options, const TextStore& store,
                                                                     absl::Span<const int32_t> texts,
                                                                     ThreadPool* pool) {
  LoadOptions load;
  load.precision = options.precision;
  SENVEC_ASSIGN_OR_RETURN(const auto encoder, SentenceEncoder::Load(options.directory, load, pool));
  std::unique_ptr<TeacherVectors> vectors(new TeacherVectors);
  vectors->dim_ = encoder->info().dim;
  vectors->mean_share_ = options.mean_share;
  vectors->row_of_text_.assign(static_cast<size_t>(store.size()), -1);
  SENVEC_ASSIGN_OR_RETURN(TeacherCache cache, TeacherCache::Open(FolderOf(options, encoder->info()), vectors->dim_));
  std::vector<int32_t> missing;
  SENVEC_ASSIGN_OR_RETURN(Found found, FindCached(cache, store, texts, vectors->dim_, &missing));
  const auto keep = [&](absl::Span<const int32_t> of, absl::Span<const uint16_t> rows) {
    for (size_t i = 0; i < of.size(); ++i) {
      vectors->row_of_text_[of[i]] = static_cast<int32_t>(vectors->rows_.size() / vectors->dim_ + i);
    }
    vectors->rows_.insert(vectors->rows_.end(), rows.begin(), rows.end());
  };
  keep(found.texts, found.rows);
  ProgressBar progress({.label = "teacher",
                        .unit = "sentences",
                        .total = static_cast<int64_t>(texts.size()),
                        .before = static_cast<int64_t>(found.texts.size()),
                        .is_terminal = ProgressBar::IsTerminal(stderr),
                        .quiet = options.quiet || missing.empty()},
                       absl::Now());
  for (size_t begin = 0; begin < missing.size(); begin += kPieceTexts) {
    const absl::Span<const int32_t> piece = absl::MakeConstSpan(missing).subspan(begin, kPieceTexts);
    std::vector<uint64_t> keys;
    std::vector<uint16_t> rows;
    for (size_t at = 0; at < piece.size(); at += kCallTexts) {
      const absl::Span<const int32_t> call = piece.subspan(at, kCallTexts);
      SENVEC_ASSIGN_OR_RETURN(const std::vector<uint16_t> embedded, Embed(*encoder, store, options.prompt, call));
      rows.insert(rows.end(), embedded.begin(), embedded.end());
      progress.Update(static_cast<int64_t>(found.texts.size() + begin + at + call.size()), absl::Now());
    }
    for (int32_t text : piece) keys.push_back(store.hash(text));
    SENVEC_RETURN_IF_ERROR(cache.Append(keys, rows));
    keep(piece, rows);
  }
  progress.Finish(absl::Now());
  vectors->ComputeMean();
  return vectors;
}

void TeacherVectors::ComputeMean() {
  std::vector<double> sums(static_cast<size_t>(dim_));
  const int64_t count = static_cast<int64_t>(rows_.size()) / dim_;
  std::vector<float> row(static_cast<size_t>(dim_));
  // In the order of the texts, so that a cache filled in another order gives the same mean.
  for (int32_t at : row_of_text_) {
    if (at < 0) continue;
    HalfRowToFloat(reinterpret_cast<const char*>(rows_.data() + at * dim_), absl::MakeSpan(row));
    for (int64_t d = 0; d < dim_; ++d) sums[d] += row[d];
  }
  mean_.clear();
  for (double sum : sums) mean_.push_back(static_cast<float>(sum / static_cast<double>(std::max<int64_t>(count, 1))));
}

at::Tensor TeacherVectors::Targets(absl::Span<const int32_t> texts) const {
  at::Tensor rows = at::empty({static_cast<int64_t>(texts.size()), dim_}, at::kFloat);
  for (size_t i = 0; i < texts.size(); ++i) {
    const int64_t row = row_of_text_[texts[i]];
    SENVEC_CHECK(row >= 0);
    HalfRowToFloat(reinterpret_cast<const char*>(rows_.data() + row * dim_),
                   absl::MakeSpan(rows.data_ptr<float>() + static_cast<int64_t>(i) * dim_, static_cast<size_t>(dim_)));
  }
  at::Tensor mean = at::empty({dim_}, at::kFloat);
  std::copy(mean_.begin(), mean_.end(), mean.data_ptr<float>());
  return CenteredTargets(rows, mean, mean_share_);
}

}  // namespace senvec
