#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/thread_pool.h"
#include "encoder/arch/encoder_model.h"
#include "encoder/sentence_head.h"
#include "encoder/tokenizer/tokenizer.h"
#include "encoder/weights/model_config.h"
#include "encoder/weights/model_weights.h"
#include "kernels/kernels.h"

namespace senvec {

// What a precision must reach against fp32 on the self-test's sentences to be chosen: the lowest cosine.
// fp32 needs no gate.
double GateCosine(Precision precision);

// The precisions worth trying with these kernels, the fastest first; fp32 is the last and always there. One that the
// instruction set only imitates is slower than fp32 and left out.
std::vector<Precision> FastestFirst(const Kernels& kernels);

struct GatedModel {
  std::unique_ptr<const EncoderModel> model;
  Precision precision = Precision::kFp32;
  double lowest_cosine = 1;  // to fp32 over the self-test; 1 for fp32
  std::string report;        // "int8: lowest cosine to fp32 0.9989 over 24 sentences (0.9950 is asked for)"
};

// Loads the model with the self-test's sentences as samples (see EncoderModel::Samples) and compares it with fp32, which
// runs block by block beside the loading: no second model is in memory. `max_tokens`: sentences are cut there.
absl::StatusOr<GatedModel> LoadSampled(const ModelConfig& config, const ModelWeights& weights,
                                       const Tokenizer& tokenizer, const SentenceHead& head, int32_t max_tokens,
                                       Precision precision, const Kernels* kernels, ThreadPool* pool);

// The fastest precision that passes its gate, by LoadSampled().
absl::StatusOr<GatedModel> LoadGated(const ModelConfig& config, const ModelWeights& weights,
                                     const Tokenizer& tokenizer, const SentenceHead& head, int32_t max_tokens,
                                     const Kernels* kernels, ThreadPool* pool);

}  // namespace senvec
