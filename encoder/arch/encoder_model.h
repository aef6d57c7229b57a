#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "encoder/arch/embeddings.h"
#include "encoder/arch/layer_builder.h"
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

// What a pass is wanted for; what is not wanted is not computed.
struct ForwardOptions {
  bool first_block = false;         // keep the first block's output too
  bool first_tokens_only = false;   // the last block's output for each sentence's first token only
};

// Token vectors, tokens × hidden, or sentences × hidden where only first tokens were wanted. Buffers keep their size
// from pass to pass and may be larger than that.
struct HiddenStates {
  AlignedVector<float> first;   // after the first block; only when asked for
  AlignedVector<float> last;    // after the last block
  AlignedVector<float> hidden;  // between blocks
};

// A transformer encoder: BERT with learned positions, or RoFormer with rotary ones (METHODS 3.1–3.2).
// Immutable, safe for concurrent use with one workspace a pass. A sentence's bits do not depend on its batch.
class EncoderModel {
 public:
  // A pass in fp32 over sample sentences while the model is loaded, one block in memory after the other. int8 weights
  // are prepared with what its products' inputs were; its states are what another precision can be compared with.
  struct Samples {
    const PackedBatch* batch;
    ForwardOptions options;
    LayerWorkspace* workspace;  // with a team
    HiddenStates* states;       // out
  };

  // `precision` is that of the blocks' products; embeddings and pooler are fp32. `samples`: null for none. `team`: who
  // loads, that of the samples where there are any; null for the calling thread.
  static absl::StatusOr<std::unique_ptr<const EncoderModel>> Load(const ModelConfig& config,
                                                                  const ModelWeights& weights, Precision precision,
                                                                  const Kernels* kernels,
                                                                  const Samples* samples = nullptr, Team* team = nullptr);

  const ModelConfig& config() const { return config_; }
  bool has_pooler() const { return pooler_.has_value(); }
  // Longest sentence in tokens that positions exist for.
  int32_t max_tokens() const { return config_.max_position_embeddings - config_.position_offset; }

  // Ids and lengths must be in range: the caller has checked them.
  // workspace.team says who works.
  void Forward(const PackedBatch& batch, const ForwardOptions& options, LayerWorkspace& workspace,
               HiddenStates& states) const;

  // The checkpoint's pooler on first-token vectors, rows × hidden. has_pooler() must hold.
  void Pool(const float* x, int64_t rows, LayerWorkspace& workspace, float* y) const;

 private:
  EncoderModel(ModelConfig config, Precision precision, const Kernels* kernels, Embeddings embeddings);

  // Embeddings of the batch into states.hidden.
  void Embed(const PackedBatch& batch, LayerWorkspace& workspace, HiddenStates& states) const;
  // Block `i`, from workspace.input and states.hidden. `next`: null where its left operand is not wanted.
  void Step(const TransformerLayer& layer, size_t i, const TransformerLayer* next, const PackedBatch& batch,
            const ForwardOptions& options, LayerWorkspace& workspace, HiddenStates& states) const;
  // The fp32 pass through block `i`.
  LayerStatistics Observe(const LayerFloats& floats, size_t i, const Samples& samples) const;

  const ModelConfig config_;
  const Precision precision_;
  const Kernels* const kernels_;
  const Embeddings embeddings_;
  std::unique_ptr<RotaryTable> rotary_;  // RoFormer only
  std::vector<TransformerLayer> layers_;
  std::optional<PackedMatrix> pooler_;
};

}  // namespace senvec
