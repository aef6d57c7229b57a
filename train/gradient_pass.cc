#include "train/gradient_pass.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

namespace senvec {

// Rows [begin, end) of a batch.
struct GradientPass::Piece {
  TokenBatch tokens;
  int64_t first_token = 0;
  absl::Span<const int32_t> targets;
};

GradientPass::Piece GradientPass::Cut(const Batch& batch, int64_t begin, int64_t end) const {
  const int64_t first = begin * batch.sequences_per_row, count = (end - begin) * batch.sequences_per_row;
  const auto lengths = absl::MakeConstSpan(batch.lengths).subspan(first, count);
  const int64_t skipped = std::accumulate(batch.lengths.begin(), batch.lengths.begin() + first, int64_t{0});
  const int64_t tokens = std::accumulate(lengths.begin(), lengths.end(), int64_t{0});
  const AttentionMask mask = objectives_->IsGenerated(batch.task) ? AttentionMask::kUniLm : AttentionMask::kFull;
  Piece piece{.tokens = TokenBatch::Make(model_->config(), absl::MakeConstSpan(batch.ids).subspan(skipped, tokens),
                                         absl::MakeConstSpan(batch.type_ids).subspan(skipped, tokens), lengths, mask),
              .first_token = skipped};
  if (!batch.targets.empty()) piece.targets = absl::MakeConstSpan(batch.targets).subspan(skipped, tokens);
  return piece;
}

ForwardSettings GradientPass::SettingsOf(const Batch& batch, const Piece& piece) const {
  return {.dropout = options_.dropout,
          .seed = batch.seed,
          .first_token = piece.first_token,
          .compute = options_.compute};
}

double GradientPass::Run(const Batch& batch, double weight) const {
  if (!objectives_->UsesVectors(batch.task)) return RunTokens(batch, weight);
  const bool pieces = options_.chunk_rows > 0 && batch.num_rows() > options_.chunk_rows;
  return pieces ? RunInTwoPasses(batch, weight) : RunWhole(batch, weight);
}

double GradientPass::RunWhole(const Batch& batch, double weight) const {
  const Piece piece = Cut(batch, 0, batch.num_rows());
  const at::Tensor vectors = model_->Encode(piece.tokens, SettingsOf(batch, piece));
  const at::Tensor loss = objectives_->OfVectors(batch, vectors);
  (loss * weight).backward();
  return loss.item<double>();
}

double GradientPass::RunInTwoPasses(const Batch& batch, double weight) const {
  std::vector<Piece> pieces;
  for (int64_t begin = 0; begin < batch.num_rows(); begin += options_.chunk_rows) {
    pieces.push_back(Cut(batch, begin, std::min(batch.num_rows(), begin + options_.chunk_rows)));
  }
  std::vector<at::Tensor> parts;
  {
    const at::NoGradGuard no_gradients;
    for (const Piece& piece : pieces) parts.push_back(model_->Encode(piece.tokens, SettingsOf(batch, piece)));
  }
  const at::Tensor vectors = at::cat(parts).detach().set_requires_grad(true);
  const at::Tensor loss = objectives_->OfVectors(batch, vectors);
  (loss * weight).backward();  // heads have their gradients now, the model its vectors'
  const at::Tensor gradient = vectors.grad();
  int64_t row = 0;
  for (const Piece& piece : pieces) {
    const int64_t count = piece.tokens.num_sequences();
    const at::Tensor again = model_->Encode(piece.tokens, SettingsOf(batch, piece));
    again.backward(gradient.narrow(0, row, count));
    row += count;
  }
  return loss.item<double>();
}

double GradientPass::RunTokens(const Batch& batch, double weight) const {
  const int64_t wanted =
      std::count_if(batch.targets.begin(), batch.targets.end(), [](int32_t target) { return target >= 0; });
  const double share = 1.0 / static_cast<double>(std::max<int64_t>(wanted, 1));
  const int64_t step = options_.chunk_rows > 0 ? options_.chunk_rows : batch.num_rows();
  double total = 0;
  for (int64_t begin = 0; begin < batch.num_rows(); begin += step) {
    const Piece piece = Cut(batch, begin, std::min(batch.num_rows(), begin + step));
    const HiddenRows rows = model_->transformer().Forward(piece.tokens, SettingsOf(batch, piece));
    const at::Tensor loss = objectives_->OfTokens(rows.last, piece.targets) * share;
    (loss * weight).backward();
    total += loss.item<double>();
  }
  return total;
}

}  // namespace senvec
