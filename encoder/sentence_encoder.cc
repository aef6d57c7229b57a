#include "encoder/sentence_encoder.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "encoder/arch/encoder_model.h"
#include "encoder/batch_plan.h"
#include "encoder/dense_module.h"
#include "encoder/model_directory.h"
#include "encoder/model_fingerprint.h"
#include "encoder/weights/model_config.h"
#include "encoder/weights/model_weights.h"

namespace senvec {
namespace {

// Tokens that one worker takes at a time: enough for the matrix products to run at full speed, little enough that
// their activations stay in the cache.
constexpr int32_t kChunkTokens = 512;
constexpr size_t kTextsPerTask = 64;

// Everything that Load() puts together.
struct Parts {
  ModelInfo info;
  std::unique_ptr<const Tokenizer> tokenizer;
  std::shared_ptr<GemmContext> context;
  std::unique_ptr<const EncoderModel> model;
  Pooling pooling = Pooling::kMean;
  std::vector<DenseModule> dense;
  std::optional<Whitening> whitening;
  const Kernels* kernels = nullptr;
  ThreadPool* pool = nullptr;
};

// A worker's buffers.
struct Workspace {
  explicit Workspace(std::shared_ptr<GemmContext> context) : layers(std::move(context)) {}
  LayerWorkspace layers;
  PackedBatch batch;
  HiddenStates states;
  std::vector<float> pooled, transformed;  // sentences × width, padded rows
};

class TransformerSentenceEncoder : public SentenceEncoder {
 public:
  explicit TransformerSentenceEncoder(Parts parts) : parts_(std::move(parts)) {}

  const ModelInfo& info() const override { return parts_.info; }
  const Tokenizer& tokenizer() const override { return *parts_.tokenizer; }
  absl::StatusOr<std::string> Prompt(absl::string_view name) const override;
  absl::StatusOr<Encoding> Tokenize(absl::string_view prompt, absl::string_view text,
                                    int32_t max_tokens) const override;
  absl::Status Encode(absl::Span<const Encoding* const> sentences, const EncodeOptions& options,
                      absl::Span<float> out) const override;
  absl::StatusOr<TextsResult> EncodeTexts(absl::Span<const std::string> texts, absl::string_view prompt,
                                          const EncodeOptions& options) const override;

 private:
  absl::Status Check(const Encoding& sentence, size_t index) const;
  void EncodeChunk(absl::Span<const Encoding* const> sentences, absl::Span<const int32_t> chunk, bool normalize,
                   Workspace& workspace, absl::Span<float> out) const;
  void PoolSentences(Workspace& workspace) const;
  // Pooler, Dense modules and whitening: pooled → rows × info().dim, in one of the two buffers.
  const float* Transform(int64_t rows, Workspace& workspace) const;
  void Normalize(absl::Span<float> row) const;

  std::unique_ptr<Workspace> TakeWorkspace() const;
  void GiveBack(std::unique_ptr<Workspace> workspace) const;

  const Parts parts_;
  mutable Mutex mutex_;
  mutable std::vector<std::unique_ptr<Workspace>> idle_ ABSL_GUARDED_BY(mutex_);
};

std::unique_ptr<Workspace> TransformerSentenceEncoder::TakeWorkspace() const {
  {
    MutexLock lock(&mutex_);
    if (!idle_.empty()) {
      auto workspace = std::move(idle_.back());
      idle_.pop_back();
      return workspace;
    }
  }
  return std::make_unique<Workspace>(parts_.context);
}

void TransformerSentenceEncoder::GiveBack(std::unique_ptr<Workspace> workspace) const {
  MutexLock lock(&mutex_);
  idle_.push_back(std::move(workspace));
}

absl::StatusOr<std::string> TransformerSentenceEncoder::Prompt(absl::string_view name) const {
  if (name.empty() || name == "none") return std::string();
  const auto& prompts = parts_.info.prompts;
  auto found = prompts.find(std::string(name));
  // sentence-transformers calls it "document", the E5 family "passage".
  if (found == prompts.end() && name == "passage") found = prompts.find("document");
  if (found != prompts.end()) return found->second;
  std::string known = "none";
  for (const auto& [prompt, text] : prompts) absl::StrAppend(&known, ", ", prompt);
  return absl::NotFoundError(absl::StrCat("the model has no prompt \"", name, "\"; it has ", known));
}

absl::StatusOr<Encoding> TransformerSentenceEncoder::Tokenize(absl::string_view prompt, absl::string_view text,
                                                              int32_t max_tokens) const {
  const int32_t limit = parts_.info.max_tokens;
  const int32_t lowest = parts_.tokenizer->num_special_tokens();
  if (max_tokens == 0) max_tokens = limit;
  if (max_tokens > limit || max_tokens < lowest) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_tokens is ", max_tokens, "; for this model it must be in [", lowest, ", ", limit, "]"));
  }
  const TokenizeOptions options = {.max_tokens = max_tokens};
  if (prompt.empty()) return parts_.tokenizer->Encode(text, options);
  return parts_.tokenizer->Encode(absl::StrCat(prompt, text), options);
}

absl::Status TransformerSentenceEncoder::Check(const Encoding& sentence, size_t index) const {
  const ModelConfig& config = parts_.model->config();
  const auto fault = [index](const auto&... what) {
    return absl::InvalidArgumentError(absl::StrCat("sentence ", index, ": ", what...));
  };
  if (sentence.ids.empty()) return fault("no tokens");
  if (sentence.ids.size() > static_cast<size_t>(parts_.model->max_tokens())) {
    return fault(sentence.ids.size(), " tokens; the model has positions for ", parts_.model->max_tokens());
  }
  if (sentence.type_ids.size() != sentence.ids.size()) {
    return fault(sentence.ids.size(), " ids but ", sentence.type_ids.size(), " type ids");
  }
  for (int32_t id : sentence.ids) {
    if (id < 0 || id >= config.vocab_size) return fault("token id ", id, " is not in [0, ", config.vocab_size, ")");
  }
  for (int32_t type : sentence.type_ids) {
    if (type < 0 || type >= config.type_vocab_size) {
      return fault("type id ", type, " is not in [0, ", config.type_vocab_size, ")");
    }
  }
  return absl::OkStatus();
}

void TransformerSentenceEncoder::PoolSentences(Workspace& workspace) const {
  const int64_t hidden = parts_.info.hidden_size;
  const auto& offsets = workspace.batch.offsets;
  const int64_t rows = static_cast<int64_t>(offsets.size()) - 1;
  Grow(workspace.pooled, PackedMatrix::PaddedRows(rows) * hidden);
  for (int64_t s = 0; s < rows; ++s) {
    const size_t begin = offsets[s] * hidden, size = (offsets[s + 1] - offsets[s]) * hidden;
    absl::Span<const float> first;
    if (parts_.pooling == Pooling::kFirstLastAvg) {
      first = absl::MakeConstSpan(workspace.states.first).subspan(begin, size);
    }
    Pool(parts_.pooling, absl::MakeConstSpan(workspace.states.last).subspan(begin, size), first, hidden,
         absl::MakeSpan(workspace.pooled).subspan(s * hidden, hidden));
  }
}

const float* TransformerSentenceEncoder::Transform(int64_t rows, Workspace& workspace) const {
  std::vector<float>* from = &workspace.pooled;
  std::vector<float>* to = &workspace.transformed;
  const int64_t padded = PackedMatrix::PaddedRows(rows);
  int64_t width = parts_.info.hidden_size;
  if (parts_.pooling == Pooling::kPooler) {
    Grow(*to, padded * width);
    parts_.model->Pool(from->data(), rows, workspace.layers, to->data());
    std::swap(from, to);
  }
  for (const DenseModule& dense : parts_.dense) {
    Grow(*to, padded * dense.out());
    dense.Forward(from->data(), rows, workspace.layers.gemm, to->data());
    std::swap(from, to);
    width = dense.out();
  }
  if (parts_.whitening.has_value()) {
    Grow(*to, padded * parts_.info.dim);
    parts_.whitening->Apply(absl::MakeConstSpan(from->data(), rows * width),
                            absl::MakeSpan(to->data(), rows * parts_.info.dim));
    std::swap(from, to);
  }
  return from->data();
}

// The zero vector stays zero.
void TransformerSentenceEncoder::Normalize(absl::Span<float> row) const {
  const float norm = std::sqrt(parts_.kernels->dot(row.data(), row.data(), row.size()));
  if (norm > 0) parts_.kernels->scale(row.data(), 1.0f / norm, row.size());
}

void TransformerSentenceEncoder::EncodeChunk(absl::Span<const Encoding* const> sentences,
                                             absl::Span<const int32_t> chunk, bool normalize,
                                             Workspace& workspace, absl::Span<float> out) const {
  PackedBatch& batch = workspace.batch;
  batch.ids.clear();
  batch.type_ids.clear();
  batch.offsets.assign(1, 0);
  for (int32_t index : chunk) {
    const Encoding& sentence = *sentences[index];
    batch.ids.insert(batch.ids.end(), sentence.ids.begin(), sentence.ids.end());
    batch.type_ids.insert(batch.type_ids.end(), sentence.type_ids.begin(), sentence.type_ids.end());
    batch.offsets.push_back(static_cast<int32_t>(batch.ids.size()));
  }
  parts_.model->Forward(batch, parts_.pooling == Pooling::kFirstLastAvg, workspace.layers, workspace.states);
  PoolSentences(workspace);
  const int64_t dim = parts_.info.dim;
  const float* rows = Transform(static_cast<int64_t>(chunk.size()), workspace);
  for (size_t i = 0; i < chunk.size(); ++i) {
    const auto row = out.subspan(chunk[i] * dim, dim);
    std::copy_n(rows + i * dim, dim, row.begin());
    if (normalize) Normalize(row);
  }
}

absl::Status TransformerSentenceEncoder::Encode(absl::Span<const Encoding* const> sentences,
                                                const EncodeOptions& options, absl::Span<float> out) const {
  SENVEC_CHECK(out.size() == sentences.size() * parts_.info.dim);
  std::vector<int32_t> lengths;
  for (size_t i = 0; i < sentences.size(); ++i) {
    SENVEC_RETURN_IF_ERROR(Check(*sentences[i], i));
    lengths.push_back(static_cast<int32_t>(sentences[i]->ids.size()));
  }
  const bool normalize = options.normalize.value_or(parts_.info.normalize);
  const auto chunks = PlanChunks(lengths, kChunkTokens);
  parts_.pool->ParallelFor(chunks.size(), [&](size_t i) {
    std::unique_ptr<Workspace> workspace = TakeWorkspace();
    EncodeChunk(sentences, chunks[i], normalize, *workspace, out);
    GiveBack(std::move(workspace));
  });
  return absl::OkStatus();
}

absl::StatusOr<SentenceEncoder::TextsResult> TransformerSentenceEncoder::EncodeTexts(
    absl::Span<const std::string> texts, absl::string_view prompt, const EncodeOptions& options) const {
  std::vector<Encoding> encodings(texts.size());
  const size_t tasks = (texts.size() + kTextsPerTask - 1) / kTextsPerTask;
  parts_.pool->ParallelFor(tasks, [&](size_t task) {
    const size_t end = std::min(texts.size(), (task + 1) * kTextsPerTask);
    for (size_t i = task * kTextsPerTask; i < end; ++i) {
      encodings[i] = *Tokenize(prompt, texts[i], 0);  // 0 is always in range
    }
  });
  TextsResult result;
  std::vector<const Encoding*> sentences;
  for (const Encoding& encoding : encodings) {
    sentences.push_back(&encoding);
    result.num_tokens.push_back(static_cast<int32_t>(encoding.ids.size()));
    result.num_truncated.push_back(encoding.num_truncated);
  }
  result.rows.resize(texts.size() * parts_.info.dim);
  SENVEC_RETURN_IF_ERROR(Encode(sentences, options, absl::MakeSpan(result.rows)));
  return result;
}

// What the directory says, or the caller; plain RoFormer checkpoints with a pooler are RoFormer-Sim (METHODS 3.2).
absl::StatusOr<Pooling> ChoosePooling(const LoadOptions& options, const ModelDirectory& directory,
                                      const EncoderModel& model, const std::string& where) {
  Pooling pooling = Pooling::kMean;
  if (options.pooling.has_value()) {
    pooling = *options.pooling;
  } else if (directory.pooling.has_value()) {
    pooling = *directory.pooling;
  } else if (model.config().family == ModelFamily::kRoFormer && model.has_pooler()) {
    pooling = Pooling::kPooler;
  }
  if (pooling == Pooling::kPooler && !model.has_pooler()) {
    return absl::FailedPreconditionError(
        absl::StrCat(where, ": pooling \"pooler\" was asked for, but the checkpoint has no pooler; take another pooling"));
  }
  return pooling;
}

absl::StatusOr<int32_t> ChooseMaxTokens(const LoadOptions& options, const ModelDirectory& directory,
                                        const EncoderModel& model, const Tokenizer& tokenizer) {
  const int32_t positions = model.max_tokens();
  const int32_t lowest = tokenizer.num_special_tokens();
  if (options.max_tokens != 0 && (options.max_tokens > positions || options.max_tokens < lowest)) {
    return absl::InvalidArgumentError(absl::StrCat("max_tokens is ", options.max_tokens,
                                                   "; for this model it must be in [", lowest, ", ", positions, "]"));
  }
  if (options.max_tokens != 0) return options.max_tokens;
  return directory.max_tokens > 0 ? std::clamp(directory.max_tokens, lowest, positions) : positions;
}

absl::Status LoadDense(const ModelDirectory& directory, Parts& parts) {
  int64_t width = parts.info.hidden_size;
  for (const std::string& folder : directory.dense_folders) {
    SENVEC_ASSIGN_OR_RETURN(DenseModule dense, DenseModule::Load(folder, *parts.context, *parts.kernels));
    if (dense.in() != width) {
      return absl::InvalidArgumentError(
          absl::StrCat(folder, ": the module takes ", dense.in(), " values, what comes before it gives ", width));
    }
    width = dense.out();
    parts.dense.push_back(std::move(dense));
  }
  parts.info.dim = static_cast<int32_t>(width);
  return absl::OkStatus();
}

absl::Status LoadWhitening(const std::string& path, Parts& parts) {
  if (path.empty()) return absl::OkStatus();
  SENVEC_ASSIGN_OR_RETURN(Whitening whitening, Whitening::Load(path));
  SENVEC_RETURN_IF_ERROR(whitening.CheckModel(parts.info.fingerprint));
  SENVEC_CHECK(whitening.input_dim() == parts.info.dim);
  parts.info.dim = whitening.output_dim();
  parts.info.normalize = true;
  parts.info.whitening_fingerprint = whitening.fingerprint();
  parts.whitening = std::move(whitening);
  return absl::OkStatus();
}

int64_t CountParameters(const WeightSource& source) {
  int64_t count = 0;
  for (const std::string& name : source.Names()) count += source.Find(name)->num_elements();
  return count;
}

absl::Status LoadTransformer(const std::string& folder, Parts& parts) {
  SENVEC_ASSIGN_OR_RETURN(const ModelConfig config, ModelConfig::FromDirectory(folder));
  SENVEC_ASSIGN_OR_RETURN(const auto source, WeightSource::OpenDirectory(folder));
  absl::StatusOr<ModelWeights> weights = ModelWeights::Map(config, source);
  if (!weights.ok()) {
    return absl::Status(weights.status().code(), absl::StrCat(folder, ": ", weights.status().message()));
  }
  SENVEC_ASSIGN_OR_RETURN(parts.model, EncoderModel::Load(config, *weights, parts.context, parts.kernels));
  SENVEC_ASSIGN_OR_RETURN(parts.tokenizer, Tokenizer::FromDirectory(folder));
  if (parts.tokenizer->vocab_size() > config.vocab_size) {
    return absl::InvalidArgumentError(absl::StrCat(folder, ": the tokenizer has ids up to ",
                                                   parts.tokenizer->vocab_size() - 1, ", config.json says vocab_size ",
                                                   config.vocab_size));
  }
  ModelInfo& info = parts.info;
  info.family = config.family == ModelFamily::kRoFormer ? "roformer" : "bert";
  info.tokenizer = parts.tokenizer->kind();
  info.hidden_size = config.hidden_size;
  info.num_layers = config.num_layers;
  info.num_heads = config.num_heads;
  info.vocab_size = config.vocab_size;
  info.num_parameters = CountParameters(*source);
  return absl::OkStatus();
}

}  // namespace

absl::Status LoadOptions::Validate() const {
  if (precision != "fp32") {
    return absl::InvalidArgumentError(absl::StrCat("precision is \"", precision, "\"; this version has fp32"));
  }
  if (max_tokens < 0) return absl::InvalidArgumentError(absl::StrCat("max_tokens is ", max_tokens, "; it must be 0 or more"));
  return absl::OkStatus();
}

std::vector<std::string> SentenceEncoder::SupportedIsaNames() {
  std::vector<std::string> names;
  for (Isa isa : SupportedIsas()) names.emplace_back(IsaName(isa));
  return names;
}

absl::StatusOr<std::unique_ptr<SentenceEncoder>> SentenceEncoder::Load(const std::string& directory,
                                                                       const LoadOptions& options,
                                                                       ThreadPool* pool) {
  SENVEC_RETURN_IF_ERROR(options.Validate());
  SENVEC_ASSIGN_OR_RETURN(const Isa isa, SelectIsa(options.isa));
  SENVEC_ASSIGN_OR_RETURN(const ModelDirectory model_directory, ModelDirectory::Read(directory));
  Parts parts;
  parts.pool = pool;
  parts.kernels = &KernelsFor(isa);
  parts.context = GemmContext::Create();
  parts.info.directory = directory;
  parts.info.precision = options.precision;
  parts.info.isa = std::string(IsaName(isa));
  parts.info.normalize = model_directory.normalize;
  parts.info.prompts = model_directory.prompts;
  parts.info.default_prompt_name = model_directory.default_prompt_name;
  SENVEC_RETURN_IF_ERROR(LoadTransformer(model_directory.transformer_folder, parts));
  SENVEC_ASSIGN_OR_RETURN(parts.pooling, ChoosePooling(options, model_directory, *parts.model, directory));
  parts.info.pooling = std::string(PoolingName(parts.pooling));
  SENVEC_ASSIGN_OR_RETURN(parts.info.max_tokens,
                          ChooseMaxTokens(options, model_directory, *parts.model, *parts.tokenizer));
  SENVEC_RETURN_IF_ERROR(LoadDense(model_directory, parts));
  SENVEC_ASSIGN_OR_RETURN(const auto source, WeightSource::OpenDirectory(model_directory.transformer_folder));
  SENVEC_ASSIGN_OR_RETURN(parts.info.fingerprint, ModelFingerprint(model_directory, *source, parts.pooling));
  SENVEC_RETURN_IF_ERROR(LoadWhitening(options.whitening_path, parts));
  return std::make_unique<TransformerSentenceEncoder>(std::move(parts));
}

}  // namespace senvec
