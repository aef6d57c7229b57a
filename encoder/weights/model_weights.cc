#include "encoder/weights/model_weights.h"

#include <array>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"

namespace senvec {
namespace {

constexpr std::array<absl::string_view, 3> kPrefixes = {"bert.", "roberta.", "roformer."};
// Pre-training and task heads that a sentence encoder has no use for.
constexpr std::array<absl::string_view, 3> kHeads = {"cls.", "lm_head.", "classifier."};
// Computed tables that some versions of transformers stored.
constexpr std::array<absl::string_view, 3> kBuffers = {
    "embeddings.position_ids", "embeddings.token_type_ids", "encoder.embed_positions.weight"};

// The name without prefix and in today's spelling.
std::string Canonical(absl::string_view name) {
  for (absl::string_view prefix : kPrefixes) {
    if (absl::ConsumePrefix(&name, prefix)) break;
  }
  std::string canonical(name);
  if (absl::EndsWith(canonical, "LayerNorm.gamma")) {
    canonical.replace(canonical.size() - 5, 5, "weight");
  } else if (absl::EndsWith(canonical, "LayerNorm.beta")) {
    canonical.replace(canonical.size() - 4, 4, "bias");
  }
  if (absl::ConsumePrefix(&name, "encoder.embedding_hidden_mapping_in.")) {
    return absl::StrCat("embeddings_project.", name);
  }
  return canonical;
}

bool IsSkipped(absl::string_view canonical) {
  for (absl::string_view head : kHeads) {
    if (absl::StartsWith(canonical, head)) return true;
  }
  for (absl::string_view buffer : kBuffers) {
    if (canonical == buffer) return true;
  }
  return false;
}

// Takes tensors out by role and collects every fault, so that one message tells all.
class Mapper {
 public:
  explicit Mapper(const WeightSource& source) {
    for (const std::string& name : source.Names()) {
      const std::string canonical = Canonical(name);
      if (IsSkipped(canonical)) continue;
      const auto [it, inserted] = tensors_.emplace(canonical, source.Find(name));
      if (!inserted) faults_.push_back(absl::StrCat(name, " and ", it->second->name, " are the same tensor"));
    }
  }

  bool Has(absl::string_view name) const { return tensors_.contains(std::string(name)); }

  TensorView Take(const std::string& name, const std::vector<int64_t>& shape) {
    const auto it = tensors_.find(name);
    if (it == tensors_.end()) {
      faults_.push_back(absl::StrCat(name, " ", ShapeString(shape), " is missing"));
      return {};
    }
    const TensorView& tensor = *it->second;
    taken_.insert(name);
    if (tensor.shape != shape) {
      faults_.push_back(absl::StrCat(tensor.name, " has shape ", ShapeString(tensor.shape), ", expected ",
                                     ShapeString(shape)));
    }
    if (tensor.dtype != DType::kF32 && tensor.dtype != DType::kF16 && tensor.dtype != DType::kBF16) {
      faults_.push_back(absl::StrCat(tensor.name, " has dtype ", DTypeName(tensor.dtype),
                                     ", expected F32, F16 or BF16"));
    }
    return tensor;
  }
  LinearWeights Linear(const std::string& name, int64_t out, int64_t in) {
    return {Take(name + ".weight", {out, in}), Take(name + ".bias", {out})};
  }
  NormWeights Norm(const std::string& name, int64_t size) {
    return {Take(name + ".weight", {size}), Take(name + ".bias", {size})};
  }

  absl::Status Finish() {
    for (const auto& [name, tensor] : tensors_) {
      if (!taken_.contains(name)) faults_.push_back(absl::StrCat(tensor->name, " is unexpected"));
    }
    if (faults_.empty()) return absl::OkStatus();
    constexpr size_t kShown = 12;
    const size_t total = faults_.size();
    if (total > kShown) faults_.resize(kShown);
    return absl::InvalidArgumentError(absl::StrCat(
        "the weights do not fit config.json: ", absl::StrJoin(faults_, "; "),
        total > kShown ? absl::StrCat("; and ", total - kShown, " more") : ""));
  }

 private:
  std::map<std::string, const TensorView*> tensors_;
  std::set<std::string> taken_;
  std::vector<std::string> faults_;
};

LayerWeights MapLayer(Mapper& mapper, const ModelConfig& config, int index) {
  const std::string layer = absl::StrCat("encoder.layer.", index, ".");
  const int64_t hidden = config.hidden_size, inner = config.intermediate_size;
  return {.query = mapper.Linear(layer + "attention.self.query", hidden, hidden),
          .key = mapper.Linear(layer + "attention.self.key", hidden, hidden),
          .value = mapper.Linear(layer + "attention.self.value", hidden, hidden),
          .attention_output = mapper.Linear(layer + "attention.output.dense", hidden, hidden),
          .attention_norm = mapper.Norm(layer + "attention.output.LayerNorm", hidden),
          .intermediate = mapper.Linear(layer + "intermediate.dense", inner, hidden),
          .output = mapper.Linear(layer + "output.dense", hidden, inner),
          .output_norm = mapper.Norm(layer + "output.LayerNorm", hidden)};
}

}  // namespace

absl::StatusOr<ModelWeights> ModelWeights::Map(const ModelConfig& config,
                                               std::shared_ptr<const WeightSource> source) {
  Mapper mapper(*source);
  ModelWeights weights;
  const int64_t embedding = config.embedding_size;
  weights.word_embeddings = mapper.Take("embeddings.word_embeddings.weight", {config.vocab_size, embedding});
  if (config.family == ModelFamily::kBert) {
    weights.position_embeddings = mapper.Take("embeddings.position_embeddings.weight",
                                              {config.max_position_embeddings, embedding});
  }
  weights.token_type_embeddings =
      mapper.Take("embeddings.token_type_embeddings.weight", {config.type_vocab_size, embedding});
  weights.embedding_norm = mapper.Norm("embeddings.LayerNorm", embedding);
  if (embedding != config.hidden_size) {
    weights.embedding_projection = mapper.Linear("embeddings_project", config.hidden_size, embedding);
  }
  for (int i = 0; i < config.num_layers; ++i) weights.layers.push_back(MapLayer(mapper, config, i));
  if (mapper.Has("pooler.dense.weight") || mapper.Has("pooler.dense.bias")) {
    weights.pooler = mapper.Linear("pooler.dense", config.hidden_size, config.hidden_size);
  }
  if (absl::Status status = mapper.Finish(); !status.ok()) return status;
  weights.source = std::move(source);
  return weights;
}

}  // namespace senvec
