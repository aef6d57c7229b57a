#include "encoder/torch/token_batch.h"

#include <algorithm>

#include <ATen/ATen.h>

#include "base/check.h"

namespace senvec {
namespace {

at::Tensor ToTensor(absl::Span<const int32_t> values) {
  at::Tensor tensor = at::empty({static_cast<int64_t>(values.size())}, at::kLong);
  std::copy(values.begin(), values.end(), tensor.data_ptr<int64_t>());
  return tensor;
}

// As the CPU engine counts: the roberta family skips padding, which a literal <pad> in a text is.
void AppendPositions(const ModelConfig& config, absl::Span<const int32_t> ids, std::vector<int32_t>& out) {
  int32_t counted = 0;
  for (int32_t id : ids) {
    const bool skipped = config.position_offset > 0 && id == config.pad_token_id;
    out.push_back(skipped ? config.position_offset - 1 : config.position_offset + counted++);
  }
}

void AppendVisible(absl::Span<const int32_t> types, std::vector<int32_t>& out) {
  const int32_t sources = static_cast<int32_t>(std::count(types.begin(), types.end(), 0));
  for (int32_t t = 0; t < static_cast<int32_t>(types.size()); ++t) {
    SENVEC_CHECK((types[t] == 0) == (t < sources));
    out.push_back(types[t] == 0 ? sources : t + 1);
  }
}

}  // namespace

TokenBatch TokenBatch::Make(const ModelConfig& config, absl::Span<const int32_t> ids,
                            absl::Span<const int32_t> type_ids, absl::Span<const int32_t> lengths,
                            AttentionMask mask) {
  TokenBatch batch;
  batch.offsets = {0};
  std::vector<int32_t> positions;
  positions.reserve(ids.size());
  for (int32_t length : lengths) {
    SENVEC_CHECK(length >= 1);
    const int32_t begin = batch.offsets.back();
    AppendPositions(config, ids.subspan(begin, length), positions);
    if (mask == AttentionMask::kUniLm) AppendVisible(type_ids.subspan(begin, length), batch.visible);
    batch.longest = std::max(batch.longest, length);
    batch.offsets.push_back(begin + length);
  }
  SENVEC_CHECK(batch.offsets.back() == static_cast<int32_t>(ids.size()) && ids.size() == type_ids.size());
  SENVEC_CHECK(batch.longest + config.position_offset <= config.max_position_embeddings);
  batch.ids = ToTensor(ids);
  batch.type_ids = ToTensor(type_ids);
  batch.positions = ToTensor(positions);
  return batch;
}

void TokenBatch::Pad(at::Device device) {
  SENVEC_CHECK(visible.empty());
  const int64_t n = num_sequences();
  at::Tensor to_padded = at::zeros({n * longest}, at::kLong), to_packed = at::empty({num_tokens()}, at::kLong);
  at::Tensor is_token = at::zeros({n, longest}, at::kBool), lengths = at::empty({n, 1}, at::kFloat);
  for (int64_t s = 0; s < n; ++s) {
    const int64_t begin = offsets[static_cast<size_t>(s)], length = offsets[static_cast<size_t>(s) + 1] - begin;
    lengths.data_ptr<float>()[s] = static_cast<float>(length);
    for (int64_t i = 0; i < length; ++i) {
      to_padded.data_ptr<int64_t>()[s * longest + i] = begin + i;
      to_packed.data_ptr<int64_t>()[begin + i] = s * longest + i;
      is_token.data_ptr<bool>()[s * longest + i] = true;
    }
  }
  ids = ids.to(device);
  type_ids = type_ids.to(device);
  positions = positions.to(device);
  layout = std::make_shared<const PaddedLayout>(PaddedLayout{.to_padded = to_padded.to(device),
                                                             .to_packed = to_packed.to(device),
                                                             .is_token = is_token.to(device),
                                                             .lengths = lengths.to(device)});
}

}  // namespace senvec
