#include "encoder/arch/embeddings.h"

#include "base/check.h"
#include "base/status_macros.h"
#include "encoder/arch/layer_builder.h"

namespace senvec {

absl::StatusOr<Embeddings> Embeddings::Load(const ModelConfig& config, const ModelWeights& weights,
                                            const Kernels* kernels) {
  Embeddings embeddings;
  embeddings.kernels_ = kernels;
  embeddings.width_ = config.embedding_size;
  embeddings.position_offset_ = config.position_offset;
  embeddings.pad_token_id_ = config.pad_token_id;
  embeddings.words_ = weights.word_embeddings;
  embeddings.source_ = weights.source;
  SENVEC_RETURN_IF_ERROR(CheckTable(weights.word_embeddings, *weights.source));
  SENVEC_ASSIGN_OR_RETURN(embeddings.types_, LoadFloats(weights.token_type_embeddings));
  if (weights.position_embeddings.has_value()) {
    SENVEC_ASSIGN_OR_RETURN(embeddings.positions_, LoadFloats(*weights.position_embeddings));
  }
  SENVEC_ASSIGN_OR_RETURN(embeddings.norm_, LoadNorm(weights.embedding_norm, config.layer_norm_eps));
  if (weights.embedding_projection.has_value()) {
    SENVEC_ASSIGN_OR_RETURN(embeddings.projection_, LoadMatrix(*weights.embedding_projection, *kernels));
  }
  return embeddings;
}

void Embeddings::EmbedSentence(absl::Span<const int32_t> ids, absl::Span<const int32_t> type_ids, float* out) const {
  // The roberta family counts only what is not padding, and gives padding the position before the first: a literal
  // <pad> in a text does that.
  int64_t counted = 0;
  for (size_t t = 0; t < ids.size(); ++t, out += width_) {
    SENVEC_CHECK(RowsToFloat(words_, int64_t{ids[t]} * width_, absl::MakeSpan(out, width_)).ok());
    kernels_->add(out, types_.data() + int64_t{type_ids[t]} * width_, width_);
    if (!positions_.empty()) {
      const bool skipped = position_offset_ > 0 && ids[t] == pad_token_id_;
      const int64_t position = skipped ? position_offset_ - 1 : position_offset_ + counted++;
      kernels_->add(out, positions_.data() + position * width_, width_);
    }
    kernels_->layer_norm(out, nullptr, norm_.weight.data(), norm_.bias.data(), norm_.epsilon, width_, out);
  }
}

void Embeddings::Forward(absl::Span<const int32_t> ids, absl::Span<const int32_t> type_ids,
                         absl::Span<const int32_t> offsets, LayerWorkspace& workspace, float* out) const {
  const int64_t rows = offsets.back();
  float* embedded = projection_.has_value() ? Grow(workspace.branch, rows * width_) : out;
  workspace.ForRanges(offsets.size() - 1, [&](size_t begin, size_t end, size_t) {
    for (size_t s = begin; s < end; ++s) {
      const size_t first = offsets[s], length = offsets[s + 1] - offsets[s];
      EmbedSentence(ids.subspan(first, length), type_ids.subspan(first, length), embedded + first * width_);
    }
  });
  if (!projection_.has_value()) return;
  workspace.Convert(*kernels_, Precision::kFp32, embedded, rows, width_, workspace.input);
  workspace.Multiply(*projection_, workspace.input, nullptr, {.fp32 = out});
}

}  // namespace senvec
