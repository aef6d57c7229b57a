#include "encoder/arch/embeddings.h"

#include "base/check.h"
#include "base/status_macros.h"
#include "encoder/arch/layer_builder.h"

namespace senvec {

absl::StatusOr<Embeddings> Embeddings::Load(const ModelConfig& config, const ModelWeights& weights,
                                            GemmContext& context, const Kernels* kernels) {
  Embeddings embeddings;
  embeddings.kernels_ = kernels;
  embeddings.width_ = config.embedding_size;
  embeddings.position_offset_ = config.position_offset;
  embeddings.words_ = weights.word_embeddings;
  embeddings.source_ = weights.source;
  SENVEC_ASSIGN_OR_RETURN(embeddings.types_, LoadFloats(weights.token_type_embeddings));
  if (weights.position_embeddings.has_value()) {
    SENVEC_ASSIGN_OR_RETURN(embeddings.positions_, LoadFloats(*weights.position_embeddings));
  }
  SENVEC_ASSIGN_OR_RETURN(embeddings.norm_, LoadNorm(weights.embedding_norm, config.layer_norm_eps));
  if (weights.embedding_projection.has_value()) {
    SENVEC_ASSIGN_OR_RETURN(embeddings.projection_, LoadMatrix({*weights.embedding_projection}, context));
  }
  return embeddings;
}

void Embeddings::Forward(absl::Span<const int32_t> ids, absl::Span<const int32_t> type_ids,
                         absl::Span<const int32_t> offsets, LayerWorkspace& workspace, float* out) const {
  const int64_t rows = offsets.back();
  float* embedded = out;
  if (projection_.has_value()) embedded = Grow(workspace.inner, PackedMatrix::PaddedRows(rows) * width_);
  for (size_t s = 0; s + 1 < offsets.size(); ++s) {
    for (int64_t row = offsets[s]; row < offsets[s + 1]; ++row) {
      float* values = embedded + row * width_;
      SENVEC_CHECK(RowsToFloat(words_, int64_t{ids[row]} * width_, absl::MakeSpan(values, width_)).ok());
      kernels_->add(values, types_.data() + int64_t{type_ids[row]} * width_, width_);
      if (!positions_.empty()) {
        const int64_t position = row - offsets[s] + position_offset_;
        kernels_->add(values, positions_.data() + position * width_, width_);
      }
      kernels_->layer_norm(values, nullptr, norm_.weight.data(), norm_.bias.data(), norm_.epsilon, width_, values);
    }
  }
  if (projection_.has_value()) projection_->Multiply(embedded, rows, workspace.gemm, out);
}

}  // namespace senvec
