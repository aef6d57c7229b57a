#include "train/dev_sets.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "eval/measures/correlation.h"
#include "train/data/row_reader.h"
#include "train/loss/pair_losses.h"

namespace senvec {
namespace {

// Tokens that go through the model together.
constexpr size_t kBatchTokens = 8192;

// Vectors of all texts, in their order; no gradients.
at::Tensor EncodeAll(const TorchSentenceModel& model, absl::Span<const Encoding> texts, at::ScalarType type) {
  const at::NoGradGuard no_gradients;
  std::vector<int64_t> order(texts.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return texts[a].ids.size() < texts[b].ids.size(); });
  at::Tensor vectors = at::empty({static_cast<int64_t>(texts.size()), model.dim()}, at::kFloat);
  for (size_t begin = 0; begin < order.size();) {
    std::vector<int32_t> ids, types, lengths;
    std::vector<int64_t> places;
    for (; begin < order.size() && ids.size() < kBatchTokens; ++begin) {
      const Encoding& text = texts[order[begin]];
      ids.insert(ids.end(), text.ids.begin(), text.ids.end());
      types.insert(types.end(), text.type_ids.begin(), text.type_ids.end());
      lengths.push_back(static_cast<int32_t>(text.ids.size()));
      places.push_back(order[begin]);
    }
    const TokenBatch batch = TokenBatch::Make(model.config(), ids, types, lengths);
    vectors.index_copy_(0, at::tensor(places, at::kLong), model.Encode(batch, {.compute = type}));
  }
  return vectors;
}

}  // namespace

absl::StatusOr<DevSets> DevSets::Load(const TrainConfig& config, const Tokenizer& tokenizer, int32_t max_tokens) {
  DevSets sets;
  for (const DevConfig& dev : config.dev) {
    TaskConfig task;
    task.name = dev.name;
    task.files = {dev.file};
    task.rows = RowKind::kPairs;
    task.columns = {"text_a", "text_b", "label"};
    Set set{.name = dev.name, .weight = dev.weight};
    SENVEC_RETURN_IF_ERROR(ReadRows(task, [&](const SourceRow& row) -> absl::Status {
      if (dev.limit > 0 && static_cast<int64_t>(set.labels.size()) >= dev.limit) return absl::OkStatus();
      SENVEC_ASSIGN_OR_RETURN(const double label, LabelValue(row.label, dev.labels));
      set.labels.push_back(label);
      for (int i = 0; i < 2; ++i) {
        set.texts.push_back(
            tokenizer.Encode(absl::StrCat(config.model.prompt, row.texts[i]), {.max_tokens = max_tokens}));
      }
      return absl::OkStatus();
    }));
    if (set.labels.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(dev.file, ": there is no pair in it; nothing can be ranked"));
    }
    const auto [low, high] = std::minmax_element(set.labels.begin(), set.labels.end());
    if (*low == *high) {
      return absl::InvalidArgumentError(absl::StrCat(dev.file, ": all labels are ", *low, "; nothing can be ranked"));
    }
    sets.sets_.push_back(std::move(set));
  }
  return sets;
}

absl::StatusOr<DevSets::Result> DevSets::Measure(const TorchSentenceModel& model, at::ScalarType type) const {
  Result result;
  double weights = 0;
  for (const Set& set : sets_) {
    const at::Tensor vectors = EncodeAll(model, set.texts, type);
    const at::Tensor cosines =
        RowCosines(vectors.slice(0, 0, vectors.size(0), 2), vectors.slice(0, 1, vectors.size(0), 2)).to(at::kDouble);
    const absl::Span<const double> scores(cosines.data_ptr<double>(), set.labels.size());
    const absl::StatusOr<double> spearman = SpearmanCorrelation(scores, set.labels);
    // A model that gives all pairs one cosine ranks nothing.
    const double value = spearman.ok() ? *spearman : 0;
    result.spearman[set.name] = value;
    result.mean += set.weight * value;
    weights += set.weight;
  }
  if (weights > 0) result.mean /= weights;
  return result;
}

}  // namespace senvec
