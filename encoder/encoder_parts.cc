#include "encoder/encoder_parts.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "base/team.h"
#include "encoder/model_directory.h"
#include "encoder/model_fingerprint.h"
#include "encoder/precision_gate.h"
#include "encoder/weights/model_config.h"
#include "encoder/weights/model_weights.h"

namespace senvec {
namespace {

// What the transformer's folder holds.
struct Transformer {
  ModelConfig config;
  ModelWeights weights;
  int32_t max_positions() const { return config.max_position_embeddings - config.position_offset; }
};

absl::StatusOr<Transformer> ReadTransformer(const std::string& folder) {
  Transformer transformer;
  SENVEC_ASSIGN_OR_RETURN(transformer.config, ModelConfig::FromDirectory(folder));
  SENVEC_ASSIGN_OR_RETURN(const auto source, WeightSource::OpenDirectory(folder));
  absl::StatusOr<ModelWeights> weights = ModelWeights::Map(transformer.config, source);
  if (!weights.ok()) {
    return absl::Status(weights.status().code(), absl::StrCat(folder, ": ", weights.status().message()));
  }
  transformer.weights = *std::move(weights);
  return transformer;
}

// What the directory says, or the caller; plain RoFormer checkpoints with a pooler are RoFormer-Sim (METHODS 3.2).
absl::StatusOr<Pooling> ChoosePooling(const LoadOptions& options, const ModelDirectory& directory,
                                      const Transformer& transformer, const std::string& where) {
  const bool has_pooler = transformer.weights.pooler.has_value();
  Pooling pooling = Pooling::kMean;
  if (options.pooling.has_value()) {
    pooling = *options.pooling;
  } else if (directory.pooling.has_value()) {
    pooling = *directory.pooling;
  } else if (transformer.config.family == ModelFamily::kRoFormer && has_pooler) {
    pooling = Pooling::kPooler;
  }
  if (pooling == Pooling::kPooler && !has_pooler) {
    return absl::FailedPreconditionError(
        absl::StrCat(where, ": pooling \"pooler\" was asked for, but the checkpoint has no pooler; take another pooling"));
  }
  return pooling;
}

absl::StatusOr<int32_t> ChooseMaxTokens(const LoadOptions& options, const ModelDirectory& directory,
                                        int32_t max_positions, const Tokenizer& tokenizer) {
  const int32_t lowest = tokenizer.num_special_tokens();
  if (options.max_tokens != 0 && (options.max_tokens > max_positions || options.max_tokens < lowest)) {
    return absl::InvalidArgumentError(absl::StrCat("max_tokens is ", options.max_tokens,
                                                   "; for this model it must be in [", lowest, ", ", max_positions, "]"));
  }
  if (options.max_tokens != 0) return options.max_tokens;
  return directory.max_tokens > 0 ? std::clamp(directory.max_tokens, lowest, max_positions) : max_positions;
}

absl::StatusOr<std::vector<DenseModule>> LoadDense(const ModelDirectory& directory, int64_t width,
                                                   const Kernels& kernels) {
  std::vector<DenseModule> modules;
  for (const std::string& folder : directory.dense_folders) {
    SENVEC_ASSIGN_OR_RETURN(DenseModule dense, DenseModule::Load(folder, kernels));
    if (dense.in() != width) {
      return absl::InvalidArgumentError(
          absl::StrCat(folder, ": the module takes ", dense.in(), " values, what comes before it gives ", width));
    }
    width = dense.out();
    modules.push_back(std::move(dense));
  }
  return modules;
}

absl::StatusOr<std::optional<Whitening>> LoadWhitening(const std::string& path, int32_t dim, ModelInfo& info) {
  if (path.empty()) return std::nullopt;
  SENVEC_ASSIGN_OR_RETURN(Whitening whitening, Whitening::Load(path));
  SENVEC_RETURN_IF_ERROR(whitening.CheckModel(info.fingerprint));
  SENVEC_CHECK(whitening.input_dim() == dim);
  info.normalize = true;
  info.whitening_fingerprint = whitening.fingerprint();
  return std::optional<Whitening>(std::move(whitening));
}

int64_t CountParameters(const WeightSource& source) {
  int64_t count = 0;
  for (const std::string& name : source.Names()) count += source.Find(name)->num_elements();
  return count;
}

absl::StatusOr<std::unique_ptr<const Tokenizer>> ReadTokenizer(const std::string& folder, const ModelConfig& config) {
  SENVEC_ASSIGN_OR_RETURN(std::unique_ptr<const Tokenizer> tokenizer, Tokenizer::FromDirectory(folder));
  if (tokenizer->vocab_size() > config.vocab_size) {
    return absl::InvalidArgumentError(absl::StrCat(folder, ": the tokenizer has ids up to ",
                                                   tokenizer->vocab_size() - 1, ", config.json says vocab_size ",
                                                   config.vocab_size));
  }
  return tokenizer;
}

// Both at once: one computes, the other reads.
absl::Status ReadTokenizerAndFingerprint(const ModelDirectory& files, const Transformer& transformer, Pooling pooling,
                                         EncoderParts& parts) {
  absl::StatusOr<std::unique_ptr<const Tokenizer>> tokenizer;
  absl::StatusOr<std::string> fingerprint;
  parts.pool->ParallelFor(2, [&](size_t i) {
    if (i == 0) tokenizer = ReadTokenizer(files.transformer_folder, transformer.config);
    if (i == 1) fingerprint = ModelFingerprint(files, *transformer.weights.source, pooling);
  });
  SENVEC_RETURN_IF_ERROR(tokenizer.status());
  SENVEC_RETURN_IF_ERROR(fingerprint.status());
  parts.tokenizer = *std::move(tokenizer);
  parts.info.fingerprint = *std::move(fingerprint);
  return absl::OkStatus();
}

void Describe(const Transformer& transformer, const ModelDirectory& directory, ModelInfo& info) {
  const ModelConfig& config = transformer.config;
  info.family = config.family == ModelFamily::kRoFormer ? "roformer" : "bert";
  info.hidden_size = config.hidden_size;
  info.num_layers = config.num_layers;
  info.num_heads = config.num_heads;
  info.vocab_size = config.vocab_size;
  info.num_parameters = CountParameters(*transformer.weights.source);
  info.normalize = directory.normalize;
  info.prompts = directory.prompts;
  info.default_prompt_name = directory.default_prompt_name;
}

// The model in the precision asked for, or in the one that the gate chooses.
absl::Status LoadModel(const LoadOptions& options, const Transformer& transformer, EncoderParts& parts) {
  const ModelConfig& config = transformer.config;
  GatedModel gated;
  if (options.precision == "auto") {
    SENVEC_ASSIGN_OR_RETURN(gated, LoadGated(config, transformer.weights, *parts.tokenizer, parts.head,
                                             parts.info.max_tokens, parts.kernels, parts.pool));
  } else {
    SENVEC_ASSIGN_OR_RETURN(gated.precision, ParsePrecision(options.precision));
    if (gated.precision == Precision::kInt8) {
      SENVEC_ASSIGN_OR_RETURN(gated, LoadSampled(config, transformer.weights, *parts.tokenizer, parts.head,
                                                 parts.info.max_tokens, gated.precision, parts.kernels, parts.pool));
    } else {
      absl::Status status;
      Team::Run(*parts.pool, [&](Team& team) {
        auto model = EncoderModel::Load(config, transformer.weights, gated.precision, parts.kernels, nullptr, &team);
        status = model.status();
        if (model.ok()) gated.model = *std::move(model);
      });
      SENVEC_RETURN_IF_ERROR(status);
    }
  }
  parts.model = std::move(gated.model);
  parts.info.precision = std::string(PrecisionName(gated.precision));
  parts.info.precision_report = std::move(gated.report);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<EncoderParts> EncoderParts::Load(const std::string& directory, const LoadOptions& options,
                                                ThreadPool* pool) {
  SENVEC_RETURN_IF_ERROR(options.Validate());
  SENVEC_ASSIGN_OR_RETURN(const Isa isa, SelectIsa(options.isa));
  SENVEC_ASSIGN_OR_RETURN(const ModelDirectory files, ModelDirectory::Read(directory));
  SENVEC_ASSIGN_OR_RETURN(const Transformer transformer, ReadTransformer(files.transformer_folder));
  EncoderParts parts;
  parts.pool = pool;
  parts.kernels = &KernelsFor(isa);
  ModelInfo& info = parts.info;
  info.directory = directory;
  info.isa = std::string(IsaName(isa));
  Describe(transformer, files, info);
  SENVEC_ASSIGN_OR_RETURN(const Pooling pooling, ChoosePooling(options, files, transformer, directory));
  info.pooling = std::string(PoolingName(pooling));
  SENVEC_RETURN_IF_ERROR(ReadTokenizerAndFingerprint(files, transformer, pooling, parts));
  info.tokenizer = parts.tokenizer->kind();
  SENVEC_ASSIGN_OR_RETURN(info.max_tokens,
                          ChooseMaxTokens(options, files, transformer.max_positions(), *parts.tokenizer));
  const int32_t hidden = transformer.config.hidden_size;
  SENVEC_ASSIGN_OR_RETURN(std::vector<DenseModule> dense, LoadDense(files, hidden, *parts.kernels));
  const int32_t dim = dense.empty() ? hidden : static_cast<int32_t>(dense.back().out());
  SENVEC_ASSIGN_OR_RETURN(std::optional<Whitening> whitening, LoadWhitening(options.whitening_path, dim, info));
  parts.head = SentenceHead(pooling, std::move(dense), std::move(whitening), hidden);
  info.dim = parts.head.dim();
  SENVEC_RETURN_IF_ERROR(LoadModel(options, transformer, parts));
  return parts;
}

}  // namespace senvec
