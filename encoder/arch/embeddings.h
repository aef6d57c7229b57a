#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "encoder/layers/layer_workspace.h"
#include "encoder/layers/transformer_layer.h"
#include "encoder/weights/model_config.h"
#include "encoder/weights/model_weights.h"
#include "kernels/kernels.h"

namespace senvec {

// Ids → the first layer's input: word + token type (+ learned position for BERT), normalised, projected to the hidden
// size where the embedding is narrower. Word rows are read straight from the mapped file: a table of 250,000 rows
// costs no copy. Immutable, safe for concurrent use.
class Embeddings {
 public:
  static absl::StatusOr<Embeddings> Load(const ModelConfig& config, const ModelWeights& weights,
                                         const Kernels* kernels);

  // ids, type_ids: offsets.back() values, in range. out: rows × hidden, fp32 whatever the layers' products are.
  void Forward(absl::Span<const int32_t> ids, absl::Span<const int32_t> type_ids,
               absl::Span<const int32_t> offsets, LayerWorkspace& workspace, float* out) const;

 private:
  Embeddings() = default;
  void EmbedSentence(absl::Span<const int32_t> ids, absl::Span<const int32_t> type_ids, float* out) const;

  const Kernels* kernels_ = nullptr;
  int32_t width_ = 0;            // embedding_size
  int32_t position_offset_ = 0;  // see ModelConfig
  int32_t pad_token_id_ = 0;
  TensorView words_;             // vocab × width
  std::shared_ptr<const WeightSource> source_;
  std::vector<float> types_;      // types × width
  std::vector<float> positions_;  // max positions × width; empty for RoFormer
  NormParameters norm_;
  std::optional<PackedMatrix> projection_;  // width → hidden
};

}  // namespace senvec
