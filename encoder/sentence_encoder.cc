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
#include "encoder/encoder_front.h"
#include "encoder/encoder_parts.h"

namespace senvec {
namespace {

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

class TransformerSentenceEncoder : public EncoderFront {
 public:
  explicit TransformerSentenceEncoder(EncoderParts parts)
      : EncoderFront(std::move(parts.info), std::move(parts.tokenizer),
                     {.positions = parts.model->max_tokens(),
                      .vocab_size = parts.model->config().vocab_size,
                      .type_vocab_size = parts.model->config().type_vocab_size},
                     parts.pool),
        model_(std::move(parts.model)),
        head_(std::move(parts.head)),
        kernels_(*parts.kernels) {}

  absl::Status Encode(absl::Span<const Encoding* const> sentences, const EncodeOptions& options,
                      absl::Span<float> out) const override;

 private:
  void EncodeChunk(absl::Span<const Encoding* const> sentences, absl::Span<const int32_t> chunk, bool normalize,
                   Team& team, absl::Span<float> out) const;
  void Normalize(absl::Span<float> row) const;

  const std::unique_ptr<const EncoderModel> model_;
  const SentenceHead head_;
  const Kernels& kernels_;
  mutable Reserve<Workspace> workspaces_;
  mutable Reserve<CallWorkspace> calls_;
};

// The zero vector stays zero.
void TransformerSentenceEncoder::Normalize(absl::Span<float> row) const {
  const float norm = std::sqrt(kernels_.dot(row.data(), row.data(), row.size()));
  if (norm > 0) kernels_.scale(row.data(), 1.0f / norm, row.size());
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
  model_->Forward(batch, head_.Needs(), workspace->layers, workspace->states);
  const float* rows =
      head_.Apply(*model_, workspace->states, batch.offsets, workspace->layers, workspace->head);
  const int64_t dim = info().dim;
  for (size_t i = 0; i < chunk.size(); ++i) {
    const auto row = out.subspan(chunk[i] * dim, dim);
    std::copy_n(rows + i * dim, dim, row.begin());
    if (normalize) Normalize(row);
  }
  workspaces_.GiveBack(std::move(workspace));
}

absl::Status TransformerSentenceEncoder::Encode(absl::Span<const Encoding* const> sentences,
                                                const EncodeOptions& options, absl::Span<float> out) const {
  SENVEC_CHECK(out.size() == sentences.size() * info().dim);
  SENVEC_RETURN_IF_ERROR(Check(sentences));
  std::unique_ptr<CallWorkspace> call = calls_.Take();
  call->lengths.clear();
  int64_t total = 0;
  for (const Encoding* sentence : sentences) {
    call->lengths.push_back(static_cast<int32_t>(sentence->ids.size()));
    total += call->lengths.back();
  }
  const bool normalize = options.normalize.value_or(info().normalize);
  const BatchPlan& plan = call->plan;
  call->plan.Make(call->lengths, ChunkTokens(total, pool().num_threads()));
  if (plan.num_chunks() == 1) {
    // Too little to share out by sentences: all threads work on it together, step by step.
    Team::Run(pool(), [&](Team& team) { EncodeChunk(sentences, plan.chunk(0), normalize, team, out); });
  } else {
    pool().ParallelFor(plan.num_chunks(), [&](size_t i) {
      Team alone;
      EncodeChunk(sentences, plan.chunk(i), normalize, alone, out);
    });
  }
  calls_.GiveBack(std::move(call));
  return absl::OkStatus();
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
