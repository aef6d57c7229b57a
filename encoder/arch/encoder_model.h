#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "encoder/arch/embeddings.h"
#include "encoder/layers/layer_workspace.h"
#include "encoder/layers/rotary_table.h"
#include "encoder/layers/transformer_layer.h"
#include "encoder/weights/model_config.h"
#include "encoder/weights/model_weights.h"
#include "kernels/kernels.h"

namespace senvec {

// Sentences row after row, without padding: sentence s has tokens [offsets[s], offsets[s+1]).
struct PackedBatch {
  std::vector<int32_t> ids;       // each in [0, vocab_size)
  std::vector<int32_t> type_ids;  // each in [0, type_vocab_size)
  std::vector<int32_t> offsets;   // starts with 0
};

// Token vectors, PaddedRows(tokens) × hidden; rows past the last token are unspecified.
struct HiddenStates {
  std::vector<float> first;  // after the first block; only when asked for
  std::vector<float> last;   // after the last block
};

// A transformer encoder: BERT with learned positions, or RoFormer with rotary ones (METHODS 3.1–3.2).
// Immutable, safe for concurrent use with one workspace a thread. A sentence's bits do not depend on its batch.
class EncoderModel {
 public:
  static absl::StatusOr<std::unique_ptr<const EncoderModel>> Load(const ModelConfig& config,
                                                                  const ModelWeights& weights,
                                                                  std::shared_ptr<GemmContext> context,
                                                                  const Kernels* kernels);

  const ModelConfig& config() const { return config_; }
  bool has_pooler() const { return pooler_.has_value(); }
  // Longest sentence in tokens that positions exist for.
  int32_t max_tokens() const { return config_.max_position_embeddings - config_.position_offset; }

  // Ids and lengths must be in range: the caller has checked them.
  void Forward(const PackedBatch& batch, bool want_first, LayerWorkspace& workspace, HiddenStates& states) const;

  // The checkpoint's pooler on first-token vectors, rows × hidden. has_pooler() must hold. x and y hold
  // PaddedRows(rows) rows.
  void Pool(const float* x, int64_t rows, LayerWorkspace& workspace, float* y) const;

 private:
  EncoderModel(ModelConfig config, const Kernels* kernels, Embeddings embeddings);

  const ModelConfig config_;
  const Kernels* const kernels_;
  const Embeddings embeddings_;
  std::unique_ptr<RotaryTable> rotary_;  // RoFormer only
  std::vector<TransformerLayer> layers_;
  std::optional<PackedMatrix> pooler_;
};

}  // namespace senvec
