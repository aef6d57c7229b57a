#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "encoder/weights/model_config.h"
#include "encoder/weights/weight_source.h"

namespace senvec {

// y = x·weightᵀ + bias.
struct LinearWeights {
  TensorView weight;  // [out, in]
  TensorView bias;    // [out]
};

struct NormWeights {
  TensorView weight;  // [size]
  TensorView bias;    // [size]
};

struct LayerWeights {
  LinearWeights query, key, value;   // [hidden, hidden]
  LinearWeights attention_output;    // [hidden, hidden]
  NormWeights attention_norm;        // [hidden]
  LinearWeights intermediate;        // [intermediate, hidden]
  LinearWeights output;              // [hidden, intermediate]
  NormWeights output_norm;           // [hidden]
};

// A checkpoint's tensors by role, whatever their names were, with shapes checked against the configuration.
struct ModelWeights {
  TensorView word_embeddings;                     // [vocab, embedding]
  std::optional<TensorView> position_embeddings;  // [max_position, embedding]; BERT only
  TensorView token_type_embeddings;               // [types, embedding]
  NormWeights embedding_norm;                     // [embedding]
  // hidden ← embedding; only where the two sizes differ.
  std::optional<LinearWeights> embedding_projection;
  std::vector<LayerWeights> layers;
  std::optional<LinearWeights> pooler;  // [hidden, hidden]; many checkpoints have none
  std::shared_ptr<const WeightSource> source;

  // Accepts names with the prefixes "bert.", "roberta.", "roformer." or none, LayerNorm "gamma"/"beta" for
  // "weight"/"bias", and a pooler with or without prefix. Buffers ("position_ids", "embed_positions.weight") and
  // the heads of pre-training ("cls.", "lm_head.") are skipped by name. InvalidArgument lists every missing tensor,
  // every unexpected one, and every wrong shape or dtype; nothing is ever initialised in place of a missing tensor.
  static absl::StatusOr<ModelWeights> Map(const ModelConfig& config,
                                          std::shared_ptr<const WeightSource> source);
};

}  // namespace senvec
