#include "encoder/precision_gate.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "base/team.h"
#include "encoder/self_test.h"

namespace senvec {
namespace {

// The first of them: what int8 learns from its samples does not change when sentences are added.
constexpr size_t kSentences = 24;

PackedBatch Tokenized(const Tokenizer& tokenizer, int32_t max_tokens) {
  PackedBatch batch;
  batch.offsets = {0};
  for (absl::string_view sentence : SelfTestSentences().first(kSentences)) {
    const Encoding encoding = tokenizer.Encode(sentence, {.max_tokens = max_tokens});
    batch.ids.insert(batch.ids.end(), encoding.ids.begin(), encoding.ids.end());
    batch.type_ids.insert(batch.type_ids.end(), encoding.type_ids.begin(), encoding.type_ids.end());
    batch.offsets.push_back(static_cast<int32_t>(batch.ids.size()));
  }
  return batch;
}

std::vector<float> Vectors(const EncoderModel& model, const SentenceHead& head, const PackedBatch& batch,
                           const HiddenStates& states, LayerWorkspace& layers) {
  SentenceHead::Workspace workspace;
  const float* rows = head.Apply(model, states, batch.offsets, layers, workspace);
  return std::vector<float>(rows, rows + (batch.offsets.size() - 1) * head.dim());
}

// Loads the model with the self-test's sentences as samples and compares what it makes of them with fp32.
absl::Status LoadAndCompare(const ModelConfig& config, const ModelWeights& weights, const SentenceHead& head,
                            const PackedBatch& batch, const Kernels* kernels, Team& team, GatedModel& gated) {
  LayerWorkspace layers;
  layers.team = &team;
  HiddenStates states;
  const EncoderModel::Samples samples = {.batch = &batch, .options = head.Needs(), .workspace = &layers,
                                         .states = &states};
  SENVEC_ASSIGN_OR_RETURN(gated.model, EncoderModel::Load(config, weights, gated.precision, kernels, &samples));
  const std::vector<float> reference = Vectors(*gated.model, head, batch, states, layers);
  gated.model->Forward(batch, head.Needs(), layers, states);
  gated.lowest_cosine = LowestCosine(Vectors(*gated.model, head, batch, states, layers), reference, head.dim());
  return absl::OkStatus();
}

}  // namespace

double GateCosine(Precision precision) {
  switch (precision) {
    case Precision::kFp32:
      return -1;
    case Precision::kBf16:
      return 0.9999;
    case Precision::kInt8:
      return 0.995;
  }
  return 1;
}

std::vector<Precision> FastestFirst(const Kernels& kernels) {
  switch (kernels.isa) {
    case Isa::kBaseline:
      return {Precision::kFp32};
    case Isa::kAvx2:
    case Isa::kAvx512:
    case Isa::kAvx512Vnni:
      return {Precision::kInt8, Precision::kFp32};
    case Isa::kAvx512Bf16:
      return {Precision::kInt8, Precision::kBf16, Precision::kFp32};
  }
  return {Precision::kFp32};
}

absl::StatusOr<GatedModel> LoadSampled(const ModelConfig& config, const ModelWeights& weights,
                                       const Tokenizer& tokenizer, const SentenceHead& head, int32_t max_tokens,
                                       Precision precision, const Kernels* kernels, ThreadPool* pool) {
  const PackedBatch batch = Tokenized(tokenizer, max_tokens);
  GatedModel gated;
  gated.precision = precision;
  absl::Status status;
  Team::Run(*pool, [&](Team& team) { status = LoadAndCompare(config, weights, head, batch, kernels, team, gated); });
  if (!status.ok()) return status;
  gated.report = absl::StrFormat("%s: lowest cosine to fp32 %.5f over %d sentences", std::string(PrecisionName(precision)),
                                 gated.lowest_cosine, static_cast<int>(kSentences));
  return gated;
}

absl::StatusOr<GatedModel> LoadGated(const ModelConfig& config, const ModelWeights& weights,
                                     const Tokenizer& tokenizer, const SentenceHead& head, int32_t max_tokens,
                                     const Kernels* kernels, ThreadPool* pool) {
  std::string report;
  for (Precision precision : FastestFirst(*kernels)) {
    if (precision == Precision::kFp32) break;
    SENVEC_ASSIGN_OR_RETURN(GatedModel gated, LoadSampled(config, weights, tokenizer, head, max_tokens, precision,
                                                          kernels, pool));
    absl::StrAppend(&report, gated.report, absl::StrFormat(" (%.4f is asked for); ", GateCosine(precision)));
    if (gated.lowest_cosine < GateCosine(precision)) continue;
    gated.report = absl::StrCat(report, PrecisionName(precision), " taken");
    return gated;
  }
  GatedModel gated;
  absl::Status status;
  Team::Run(*pool, [&](Team& team) {
    auto model = EncoderModel::Load(config, weights, Precision::kFp32, kernels, nullptr, &team);
    status = model.status();
    if (model.ok()) gated.model = *std::move(model);
  });
  SENVEC_RETURN_IF_ERROR(status);
  gated.report = report.empty() ? "fp32: the fastest with this instruction set" : report + "fp32 taken";
  return gated;
}

}  // namespace senvec
