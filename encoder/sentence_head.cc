#include "encoder/sentence_head.h"

#include <algorithm>
#include <utility>

namespace senvec {

SentenceHead::SentenceHead(Pooling pooling, std::vector<DenseModule> dense, std::optional<Whitening> whitening,
                           int32_t hidden_size)
    : pooling_(pooling), dense_(std::move(dense)), whitening_(std::move(whitening)), hidden_size_(hidden_size),
      dim_(hidden_size) {
  if (!dense_.empty()) dim_ = static_cast<int32_t>(dense_.back().out());
  if (whitening_.has_value()) dim_ = whitening_->output_dim();
}

ForwardOptions SentenceHead::Needs() const {
  return {.first_block = pooling_ == Pooling::kFirstLastAvg,
          .first_tokens_only = pooling_ == Pooling::kCls || pooling_ == Pooling::kPooler};
}

void SentenceHead::PoolSentences(const HiddenStates& states, absl::Span<const int32_t> offsets, float* out) const {
  const int64_t sentences = static_cast<int64_t>(offsets.size()) - 1;
  if (Needs().first_tokens_only) {
    std::copy_n(states.last.data(), sentences * hidden_size_, out);
    return;
  }
  for (int64_t s = 0; s < sentences; ++s) {
    const size_t begin = int64_t{offsets[s]} * hidden_size_, size = int64_t{offsets[s + 1] - offsets[s]} * hidden_size_;
    absl::Span<const float> first;
    if (Needs().first_block) first = absl::MakeConstSpan(states.first).subspan(begin, size);
    Pool(pooling_, absl::MakeConstSpan(states.last).subspan(begin, size), first, hidden_size_,
         absl::MakeSpan(out + s * hidden_size_, hidden_size_));
  }
}

const float* SentenceHead::Apply(const EncoderModel& model, const HiddenStates& states,
                                 absl::Span<const int32_t> offsets, LayerWorkspace& layers,
                                 Workspace& workspace) const {
  const int64_t rows = static_cast<int64_t>(offsets.size()) - 1;
  AlignedVector<float>* from = &workspace.pooled;
  AlignedVector<float>* to = &workspace.transformed;
  int64_t width = hidden_size_;
  PoolSentences(states, offsets, Grow(*from, rows * width));
  if (pooling_ == Pooling::kPooler) {
    model.Pool(from->data(), rows, layers, Grow(*to, rows * width));
    std::swap(from, to);
  }
  for (const DenseModule& dense : dense_) {
    dense.Forward(from->data(), rows, layers, Grow(*to, rows * dense.out()));
    std::swap(from, to);
    width = dense.out();
  }
  if (whitening_.has_value()) {
    whitening_->Apply(absl::MakeConstSpan(from->data(), rows * width),
                      absl::MakeSpan(Grow(*to, rows * dim_), rows * dim_));
    std::swap(from, to);
  }
  return from->data();
}

}  // namespace senvec
