#include "encoder/weights/model_config.h"

#include <array>
#include <limits>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/json.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

struct ActivationName {
  absl::string_view name;
  Activation activation;
};
constexpr std::array<ActivationName, 12> kActivations = {{
    {"gelu", Activation::kGeluErf},
    {"gelu_new", Activation::kGeluTanh},
    {"gelu_pytorch_tanh", Activation::kGeluTanh},
    {"gelu_fast", Activation::kGeluTanh},
    {"relu", Activation::kRelu},
    {"silu", Activation::kSilu},
    {"swish", Activation::kSilu},
    {"tanh", Activation::kTanh},
    {"linear", Activation::kIdentity},
    {"identity", Activation::kIdentity},
    {"", Activation::kIdentity},
    {"none", Activation::kIdentity},
}};

struct Family {
  absl::string_view model_type;
  ModelFamily family;
  bool roberta_positions;  // positions start after the padding id
};
constexpr std::array<Family, 4> kFamilies = {{
    {"bert", ModelFamily::kBert, false},
    {"roberta", ModelFamily::kBert, true},
    {"xlm-roberta", ModelFamily::kBert, true},
    {"roformer", ModelFamily::kRoFormer, false},
}};

absl::Status OutOfRange(absl::string_view where, absl::string_view key, double value,
                        absl::string_view range) {
  return absl::InvalidArgumentError(
      absl::StrCat(where, ": \"", key, "\" is ", value, "; it must be ", range));
}

// Reads integers into fields and remembers the first fault, so that callers read as a list.
class Fields {
 public:
  Fields(const nlohmann::json& object, absl::string_view where) : object_(object), where_(where) {}

  int32_t Int(absl::string_view key, int64_t low, int64_t high) {
    return Check(key, JsonInt(object_, key, where_), low, high);
  }
  int32_t IntOr(absl::string_view key, int64_t fallback, int64_t low, int64_t high) {
    return Check(key, JsonIntOr(object_, key, fallback, where_), low, high);
  }
  const absl::Status& status() const { return status_; }

 private:
  int32_t Check(absl::string_view key, const absl::StatusOr<int64_t>& value, int64_t low, int64_t high) {
    if (!status_.ok()) return 0;
    if (!value.ok()) {
      status_ = value.status();
      return 0;
    }
    if (*value < low || *value > high) {
      status_ = OutOfRange(where_, key, static_cast<double>(*value), absl::StrCat("in [", low, ", ", high, "]"));
      return 0;
    }
    return static_cast<int32_t>(*value);
  }

  const nlohmann::json& object_;
  const std::string where_;
  absl::Status status_;
};

absl::Status ReadSizes(const nlohmann::json& json, absl::string_view where, ModelConfig& config) {
  constexpr int64_t kMaxWidth = 1 << 16;
  Fields fields(json, where);
  config.vocab_size = fields.Int("vocab_size", 1, 1 << 27);
  config.hidden_size = fields.Int("hidden_size", 1, kMaxWidth);
  config.embedding_size = fields.IntOr("embedding_size", config.hidden_size, 1, kMaxWidth);
  config.num_layers = fields.Int("num_hidden_layers", 1, 1000);
  config.num_heads = fields.Int("num_attention_heads", 1, kMaxWidth);
  config.intermediate_size = fields.Int("intermediate_size", 1, 1 << 20);
  config.max_position_embeddings =
      fields.IntOr("max_position_embeddings", config.family == ModelFamily::kRoFormer ? 1536 : 512, 1, 1 << 24);
  config.type_vocab_size = fields.IntOr("type_vocab_size", 2, 1, 1 << 16);
  config.pad_token_id = fields.IntOr("pad_token_id", 0, 0, std::numeric_limits<int32_t>::max() - 1);
  SENVEC_RETURN_IF_ERROR(fields.status());
  if (config.hidden_size % config.num_heads != 0) {
    return OutOfRange(where, "hidden_size", config.hidden_size,
                      absl::StrCat("a multiple of num_attention_heads, ", config.num_heads));
  }
  config.head_size = config.hidden_size / config.num_heads;
  if (config.family == ModelFamily::kRoFormer && config.head_size % 2 != 0) {
    return OutOfRange(where, "hidden_size / num_attention_heads", config.head_size,
                      "even, since rotary positions turn pairs");
  }
  return absl::OkStatus();
}

absl::Status ReadActivations(const nlohmann::json& json, absl::string_view where, ModelConfig& config) {
  SENVEC_ASSIGN_OR_RETURN(const std::string hidden_act, JsonStringOr(json, "hidden_act", "gelu", where));
  SENVEC_ASSIGN_OR_RETURN(config.hidden_act, ParseActivation(hidden_act, absl::StrCat(where, ": \"hidden_act\"")));
  // RoFormer-Sim's pooler is linear (METHODS 3.2); plain BERT's is tanh.
  const absl::string_view pooler_default = config.family == ModelFamily::kRoFormer ? "linear" : "tanh";
  SENVEC_ASSIGN_OR_RETURN(const std::string pooler,
                          JsonStringOr(json, "pooler_activation", pooler_default, where));
  SENVEC_ASSIGN_OR_RETURN(config.pooler_activation,
                          ParseActivation(pooler, absl::StrCat(where, ": \"pooler_activation\"")));
  return absl::OkStatus();
}

// Settings that change the result and that we do not serve are refused, not ignored.
absl::Status RefuseVariants(const nlohmann::json& json, absl::string_view where) {
  SENVEC_ASSIGN_OR_RETURN(const std::string positions,
                          JsonStringOr(json, "position_embedding_type", "absolute", where));
  if (positions != "absolute") {
    return absl::UnimplementedError(absl::StrCat(where, ": \"position_embedding_type\" is \"", positions,
                                                 "\"; only \"absolute\" is served"));
  }
  SENVEC_ASSIGN_OR_RETURN(const bool decoder, JsonBoolOr(json, "is_decoder", false, where));
  if (decoder) {
    return absl::UnimplementedError(absl::StrCat(where, ": \"is_decoder\" is true; only encoders are served"));
  }
  SENVEC_ASSIGN_OR_RETURN(const std::string norm, JsonStringOr(json, "norm_type", "layer_norm", where));
  if (norm != "layer_norm") {
    return absl::UnimplementedError(
        absl::StrCat(where, ": \"norm_type\" is \"", norm, "\"; only \"layer_norm\" is served"));
  }
  SENVEC_ASSIGN_OR_RETURN(const bool bias, JsonBoolOr(json, "use_bias", true, where));
  if (!bias) {
    return absl::UnimplementedError(absl::StrCat(where, ": \"use_bias\" is false; only true is served"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Activation> ParseActivation(absl::string_view name, absl::string_view where) {
  std::string known;
  for (const ActivationName& entry : kActivations) {
    if (entry.name == name) return entry.activation;
    if (!entry.name.empty()) absl::StrAppend(&known, known.empty() ? "" : ", ", entry.name);
  }
  return absl::UnimplementedError(
      absl::StrCat(where, " is \"", name, "\"; known activations are ", known));
}

absl::StatusOr<ModelConfig> ModelConfig::FromJson(absl::string_view text, absl::string_view where) {
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json json, ParseJson(text, where));
  ModelConfig config;
  SENVEC_ASSIGN_OR_RETURN(config.model_type, JsonString(json, "model_type", where));
  const Family* family = nullptr;
  for (const Family& known : kFamilies) {
    if (known.model_type == config.model_type) family = &known;
  }
  if (family == nullptr) {
    return absl::UnimplementedError(absl::StrCat(where, ": \"model_type\" is \"", config.model_type,
                                                 "\"; served are bert, roberta, xlm-roberta, roformer"));
  }
  config.family = family->family;
  SENVEC_RETURN_IF_ERROR(RefuseVariants(json, where));
  SENVEC_RETURN_IF_ERROR(ReadSizes(json, where, config));
  SENVEC_RETURN_IF_ERROR(ReadActivations(json, where, config));
  if (family->roberta_positions) {
    config.position_offset = config.pad_token_id + 1;
    if (config.max_position_embeddings <= config.position_offset) {
      return OutOfRange(where, "max_position_embeddings", config.max_position_embeddings,
                        absl::StrCat("above pad_token_id + 1 = ", config.position_offset));
    }
  }
  SENVEC_ASSIGN_OR_RETURN(const double epsilon, JsonDoubleOr(json, "layer_norm_eps", 1e-12, where));
  if (!(epsilon > 0) || epsilon > 1) return OutOfRange(where, "layer_norm_eps", epsilon, "in (0, 1]");
  config.layer_norm_eps = static_cast<float>(epsilon);
  SENVEC_ASSIGN_OR_RETURN(config.rotary_value, JsonBoolOr(json, "rotary_value", false, where));
  return config;
}

absl::StatusOr<ModelConfig> ModelConfig::FromDirectory(const std::string& directory) {
  const std::string path = JoinPath(directory, "config.json");
  SENVEC_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  return FromJson(text, path);
}

}  // namespace senvec
