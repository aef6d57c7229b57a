#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace senvec {

enum class ModelFamily { kBert, kRoFormer };
enum class Activation { kGeluErf, kGeluTanh, kRelu, kSilu, kTanh, kIdentity };

absl::StatusOr<Activation> ParseActivation(absl::string_view name, absl::string_view where);

// The typed form of config.json. See METHODS 3.1 (RoFormer, kexue.fm 8265) for the fields' meaning.
struct ModelConfig {
  ModelFamily family = ModelFamily::kBert;
  std::string model_type;      // as written: "bert", "roformer", "xlm-roberta"
  int32_t vocab_size = 0;
  int32_t hidden_size = 0;
  int32_t embedding_size = 0;  // = hidden_size unless the file says otherwise
  int32_t num_layers = 0;
  int32_t num_heads = 0;
  int32_t head_size = 0;       // hidden_size / num_heads
  int32_t intermediate_size = 0;
  int32_t max_position_embeddings = 0;
  int32_t type_vocab_size = 0;
  int32_t pad_token_id = 0;
  // Added to every position: 0, or pad_token_id + 1 for the roberta family.
  int32_t position_offset = 0;
  float layer_norm_eps = 1e-12f;
  Activation hidden_act = Activation::kGeluErf;
  // What the checkpoint's pooler does after its dense layer: tanh for BERT, identity ("linear") for RoFormer-Sim.
  Activation pooler_activation = Activation::kTanh;
  bool rotary_value = false;   // RoFormer: rotate v as well

  // NotFound without the file; InvalidArgument names file, key, value and allowed range; Unimplemented for a
  // model_type that is not served.
  static absl::StatusOr<ModelConfig> FromDirectory(const std::string& directory);
  static absl::StatusOr<ModelConfig> FromJson(absl::string_view json, absl::string_view where);
};

}  // namespace senvec
