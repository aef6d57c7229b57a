#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "encoder/arch/encoder_model.h"
#include "encoder/dense_module.h"
#include "encoder/pooling/pooling.h"
#include "encoder/whitening/whitening.h"

namespace senvec {

// What follows the transformer: pooling, the checkpoint's pooler, Dense modules, whitening. All in fp32. Immutable,
// safe for concurrent use with one workspace a pass.
class SentenceHead {
 public:
  struct Workspace {
    AlignedVector<float> pooled, transformed;  // sentences × width
  };

  SentenceHead() = default;
  SentenceHead(Pooling pooling, std::vector<DenseModule> dense, std::optional<Whitening> whitening, int32_t hidden_size);

  // What of the transformer's states is used.
  ForwardOptions Needs() const;
  int32_t dim() const { return dim_; }  // of the vectors that come out
  Pooling pooling() const { return pooling_; }

  // One vector a sentence, not normalised: sentences × dim(), valid until the workspace is used again. `states` come
  // from a pass with Needs().
  const float* Apply(const EncoderModel& model, const HiddenStates& states, absl::Span<const int32_t> offsets,
                     LayerWorkspace& layers, Workspace& workspace) const;

 private:
  void PoolSentences(const HiddenStates& states, absl::Span<const int32_t> offsets, float* out) const;

  Pooling pooling_ = Pooling::kMean;
  std::vector<DenseModule> dense_;
  std::optional<Whitening> whitening_;
  int32_t hidden_size_ = 0;
  int32_t dim_ = 0;
};

}  // namespace senvec
