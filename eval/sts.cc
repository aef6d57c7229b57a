#include "eval/sts.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "eval/measures/correlation.h"

namespace senvec {
namespace {

constexpr size_t kBatchTexts = 256;

// The distinct sentences of all pairs, and for each pair where its two are.
struct Sentences {
  std::vector<std::string> texts;
  std::vector<std::pair<size_t, size_t>> pairs;
};

Sentences Distinct(absl::Span<const ScoredPair> pairs) {
  Sentences sentences;
  absl::flat_hash_map<absl::string_view, size_t> positions;
  const auto position_of = [&](const std::string& text) {
    const auto [it, is_new] = positions.try_emplace(text, sentences.texts.size());
    if (is_new) sentences.texts.push_back(text);
    return it->second;
  };
  for (const ScoredPair& pair : pairs) {
    const size_t first = position_of(pair.first);
    sentences.pairs.emplace_back(first, position_of(pair.second));
  }
  return sentences;
}

// n × dim, and the counts of `result`.
absl::StatusOr<std::vector<float>> EncodeAll(
    const SentenceEncoder& encoder, absl::string_view prompt, const std::vector<std::string>& texts,
    StsResult& result, absl::FunctionRef<void(int64_t, int64_t)> progress) {
  std::vector<float> rows;
  for (size_t begin = 0; begin < texts.size(); begin += kBatchTexts) {
    const auto batch = absl::MakeConstSpan(texts).subspan(begin, kBatchTexts);
    SENVEC_ASSIGN_OR_RETURN(const auto encoded, encoder.EncodeTexts(batch, prompt, {}));
    rows.insert(rows.end(), encoded.rows.begin(), encoded.rows.end());
    for (const int32_t n : encoded.num_tokens) result.num_tokens += n;
    for (const int32_t n : encoded.num_truncated) result.num_truncated += n > 0;
    progress(static_cast<int64_t>(begin + batch.size()), static_cast<int64_t>(texts.size()));
  }
  return rows;
}

}  // namespace

int64_t CountDistinctSentences(absl::Span<const ScoredPair> pairs) {
  return static_cast<int64_t>(Distinct(pairs).texts.size());
}

double Cosine(absl::Span<const float> a, absl::Span<const float> b) {
  SENVEC_CHECK(a.size() == b.size());
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    ab += static_cast<double>(a[i]) * b[i];
    aa += static_cast<double>(a[i]) * a[i];
    bb += static_cast<double>(b[i]) * b[i];
  }
  if (aa == 0 || bb == 0) return std::numeric_limits<double>::quiet_NaN();
  // One root: √(aa·aa) is aa exactly, so that equal vectors give exactly 1 and tie. No product of
  // squared floats leaves the range of a double.
  return std::clamp(ab / std::sqrt(aa * bb), -1.0, 1.0);
}

absl::StatusOr<StsResult> EvaluateSts(const SentenceEncoder& encoder, absl::string_view prompt,
                                      absl::Span<const ScoredPair> pairs,
                                      absl::FunctionRef<void(int64_t, int64_t)> progress) {
  const Sentences sentences = Distinct(pairs);
  StsResult result;
  result.num_pairs = static_cast<int64_t>(pairs.size());
  result.num_sentences = static_cast<int64_t>(sentences.texts.size());
  SENVEC_ASSIGN_OR_RETURN(const std::vector<float> rows,
                          EncodeAll(encoder, prompt, sentences.texts, result, progress));
  const size_t dim = static_cast<size_t>(encoder.info().dim);
  const auto row = [&](size_t i) { return absl::MakeConstSpan(rows).subspan(i * dim, dim); };
  std::vector<double> cosines, scores;
  for (size_t i = 0; i < pairs.size(); ++i) {
    cosines.push_back(Cosine(row(sentences.pairs[i].first), row(sentences.pairs[i].second)));
    scores.push_back(pairs[i].score);
    if (!std::isnan(cosines.back())) continue;
    return absl::FailedPreconditionError(
        absl::StrCat("pair ", i + 1, " has no cosine: a sentence of it has the zero vector"));
  }
  SENVEC_ASSIGN_OR_RETURN(result.spearman, SpearmanCorrelation(cosines, scores));
  SENVEC_ASSIGN_OR_RETURN(result.pearson, PearsonCorrelation(cosines, scores));
  return result;
}

}  // namespace senvec
