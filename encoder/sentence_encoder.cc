#include "encoder/sentence_encoder.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "base/team.h"
#include "encoder/batch_plan.h"
#include "encoder/encoder_parts.h"

namespace senvec {
namespace {

constexpr size_t kTextsPerTask = 64;

// Buffers of one pass of one thread or team.
struct Workspace {
  LayerWorkspace layers;
  PackedBatch batch;
  HiddenStates states;
  SentenceHead::Workspace head;
};

// Buffers of one call.
struct CallWorkspace {
  std::vector<int32_t> lengths;
  BatchPlan plan;
};

// Workspaces that wait to be used again. Thread-safe.
template <typename T>
class Reserve {
 public:
  std::unique_ptr<T> Take() {
    {
      MutexLock lock(&mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<T> taken = std::move(idle_.back());
        idle_.pop_back();
        return taken;
      }
    }
    return std::make_unique<T>();
  }
  void GiveBack(std::unique_ptr<T> used) {
    MutexLock lock(&mutex_);
    idle_.push_back(std::move(used));
  }

 private:
  Mutex mutex_;
  std::vector<std::unique_ptr<T>> idle_ ABSL_GUARDED_BY(mutex_);
};

class TransformerSentenceEncoder : public SentenceEncoder {
 public:
  explicit TransformerSentenceEncoder(EncoderParts parts) : parts_(std::move(parts)) {}

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
                   Team& team, absl::Span<float> out) const;
  void Normalize(absl::Span<float> row) const;

  const EncoderParts parts_;
  mutable Reserve<Workspace> workspaces_;
  mutable Reserve<CallWorkspace> calls_;
};

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

// The zero vector stays zero.
void TransformerSentenceEncoder::Normalize(absl::Span<float> row) const {
  const float norm = std::sqrt(parts_.kernels->dot(row.data(), row.data(), row.size()));
  if (norm > 0) parts_.kernels->scale(row.data(), 1.0f / norm, row.size());
}

void TransformerSentenceEncoder::EncodeChunk(absl::Span<const Encoding* const> sentences,
                                             absl::Span<const int32_t> chunk, bool normalize, Team& team,
                                             absl::Span<float> out) const {
  std::unique_ptr<Workspace> workspace = workspaces_.Take();
  workspace->layers.team = &team;
  PackedBatch& batch = workspace->batch;
  batch.ids.clear();
  batch.type_ids.clear();
  batch.offsets.assign(1, 0);
  for (int32_t index : chunk) {
    const Encoding& sentence = *sentences[index];
    batch.ids.insert(batch.ids.end(), sentence.ids.begin(), sentence.ids.end());
    batch.type_ids.insert(batch.type_ids.end(), sentence.type_ids.begin(), sentence.type_ids.end());
    batch.offsets.push_back(static_cast<int32_t>(batch.ids.size()));
  }
  parts_.model->Forward(batch, parts_.head.Needs(), workspace->layers, workspace->states);
  const float* rows =
      parts_.head.Apply(*parts_.model, workspace->states, batch.offsets, workspace->layers, workspace->head);
  const int64_t dim = parts_.info.dim;
  for (size_t i = 0; i < chunk.size(); ++i) {
    const auto row = out.subspan(chunk[i] * dim, dim);
    std::copy_n(rows + i * dim, dim, row.begin());
    if (normalize) Normalize(row);
  }
  workspaces_.GiveBack(std::move(workspace));
}

absl::Status TransformerSentenceEncoder::Encode(absl::Span<const Encoding* const> sentences,
                                                const EncodeOptions& options, absl::Span<float> out) const {
  SENVEC_CHECK(out.size() == sentences.size() * parts_.info.dim);
  std::unique_ptr<CallWorkspace> call = calls_.Take();
  call->lengths.clear();
  int64_t total = 0;
  for (size_t i = 0; i < sentences.size(); ++i) {
    SENVEC_RETURN_IF_ERROR(Check(*sentences[i], i));
    call->lengths.push_back(static_cast<int32_t>(sentences[i]->ids.size()));
    total += call->lengths.back();
  }
  const bool normalize = options.normalize.value_or(parts_.info.normalize);
  const BatchPlan& plan = call->plan;
  call->plan.Make(call->lengths, ChunkTokens(total, parts_.pool->num_threads()));
  if (plan.num_chunks() == 1) {
    // Too little to share out by sentences: all threads work on it together, step by step.
    Team::Run(*parts_.pool, [&](Team& team) { EncodeChunk(sentences, plan.chunk(0), normalize, team, out); });
  } else {
    parts_.pool->ParallelFor(plan.num_chunks(), [&](size_t i) {
      Team alone;
      EncodeChunk(sentences, plan.chunk(i), normalize, alone, out);
    });
  }
  calls_.GiveBack(std::move(call));
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

}  // namespace

absl::Status LoadOptions::Validate() const {
  if (precision != "auto" && !ParsePrecision(precision).ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("precision is \"", precision, "\"; choose auto, fp32, bf16 or int8"));
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
  SENVEC_ASSIGN_OR_RETURN(EncoderParts parts, EncoderParts::Load(directory, options, pool));
  return std::make_unique<TransformerSentenceEncoder>(std::move(parts));
}

}  // namespace senvec
