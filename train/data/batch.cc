#include "train/data/batch.h"

#include <algorithm>

#include "train/data/counter_random.h"

namespace senvec {
namespace {

enum MaskPurpose : uint64_t { kWhetherRow = 1, kWhether = 2, kHow = 3, kWhich = 4, kAtLeastOne = 5 };

constexpr double kMasked = 0.8;         // of the places chosen: [MASK]
constexpr double kMaskedOrOther = 0.9;  // … or another token; the rest stays

void AppendPieces(const std::vector<int32_t>& ids, const std::vector<int32_t>& types, Batch& batch) {
  batch.ids.insert(batch.ids.end(), ids.begin(), ids.end());
  batch.type_ids.insert(batch.type_ids.end(), types.begin(), types.end());
}

void AppendText(const TextStore& texts, int32_t text, int32_t count, int32_t type, Batch& batch) {
  texts.AppendTokens(text, count, batch.ids);
  batch.type_ids.resize(batch.ids.size(), type);
}

class Assembler {
 public:
  Assembler(const TrainConfig& config, const TrainingData& data, int32_t task, uint64_t seed)
      : task_(config.tasks[task]), data_(data), rows_(data.tasks()[task]), seed_(seed) {
    batch_.task = task;
    batch_.seed = seed;
    const bool twice = task_.loss == LossKind::kSimCse;
    batch_.sequences_per_row = IsJoint(task_.loss) ? 1 : twice ? 2 : rows_.texts_per_row;
  }

  Batch Build(const std::vector<int64_t>& rows) {
    for (const int64_t row : rows) {
      batch_.rows.push_back(row);
      batch_.labels.push_back(rows_.labels[row]);
      if (IsJoint(task_.loss)) {
        AddJoint(rows_.row(row));
      } else {
        for (int32_t i = 0; i < batch_.sequences_per_row; ++i) AddOne(rows_.row(row)[std::min(i, rows_.texts_per_row - 1)]);
      }
    }
    if (task_.loss == LossKind::kMlm) MaskTokens();
    return std::move(batch_);
  }

 private:
  void Close(size_t begin, int32_t text) {
    batch_.lengths.push_back(static_cast<int32_t>(batch_.ids.size() - begin));
    batch_.texts.push_back(text);
    batch_.hashes.push_back(data_.texts().hash(text));
  }

  void AddOne(int32_t text) {
    const SequenceFrame& frame = data_.frame();
    const size_t begin = batch_.ids.size();
    batch_.ids.insert(batch_.ids.end(), frame.before.begin(), frame.before.end());
    const int32_t count = std::min(data_.texts().num_tokens(text), std::max(0, task_.max_tokens - frame.size()));
    data_.texts().AppendTokens(text, count, batch_.ids);
    if (task_.loss == LossKind::kMlm) maskable_.push_back({begin + frame.before.size(), batch_.ids.size()});
    batch_.ids.insert(batch_.ids.end(), frame.after.begin(), frame.after.end());
    batch_.type_ids.resize(batch_.ids.size(), frame.type_a);
    Close(begin, text);
  }

  // The longer text is cut first, as Tokenizer::EncodePair() does.
  void AddJoint(absl::Span<const int32_t> row) {
    const SequenceFrame& frame = data_.frame();
    const int32_t budget = std::max(0, task_.max_tokens - frame.pair_size());
    int32_t a = data_.texts().num_tokens(row[0]), b = data_.texts().num_tokens(row[1]);
    while (a + b > budget) --(a > b ? a : b);
    const size_t begin = batch_.ids.size();
    AppendPieces(frame.pair_before, frame.pair_before_types, batch_);
    const size_t source = batch_.ids.size();
    AppendText(data_.texts(), row[0], a, frame.type_a, batch_);
    const size_t source_end = batch_.ids.size();
    AppendPieces(frame.pair_middle, frame.pair_middle_types, batch_);
    const size_t target = batch_.ids.size();
    AppendText(data_.texts(), row[1], b, frame.type_b, batch_);
    AppendPieces(frame.pair_after, frame.pair_after_types, batch_);
    Close(begin, row[0]);
    if (task_.loss != LossKind::kSeq2Seq) return;
    // A place says the token after it; the last place before the second text says that text's first.
    batch_.targets.resize(batch_.ids.size(), -1);
    for (size_t at = target; at < batch_.ids.size(); ++at) batch_.targets[at - 1] = batch_.ids[at];
    MaskSource(source, source_end);
  }

  void MaskSource(size_t begin, size_t end) {
    const uint64_t row = batch_.rows.size();
    if (CounterRandom(seed_, kWhetherRow).UniformAt(row) >= task_.options.mask_rows) return;
    for (size_t at = begin; at < end; ++at) {
      if (CounterRandom(seed_, kWhether).UniformAt(at) < task_.options.mask_share) batch_.ids[at] = data_.mask_id();
    }
  }

  void MaskTokens() {
    batch_.targets.assign(batch_.ids.size(), -1);
    size_t places = 0, chosen = 0;
    for (const auto& [begin, end] : maskable_) {
      places += end - begin;
      for (size_t at = begin; at < end; ++at) {
        if (CounterRandom(seed_, kWhether).UniformAt(at) >= task_.options.mask_share) continue;
        MaskToken(at);
        ++chosen;
      }
    }
    if (chosen > 0 || places == 0) return;
    // A batch without a target would have no loss.
    size_t pick = CounterRandom(seed_, kAtLeastOne).BelowAt(0, places);
    for (const auto& [begin, end] : maskable_) {
      if (pick < end - begin) return MaskToken(begin + pick);
      pick -= end - begin;
    }
  }

  void MaskToken(size_t at) {
    batch_.targets[at] = batch_.ids[at];
    const double how = CounterRandom(seed_, kHow).UniformAt(at);
    if (how < kMasked) {
      batch_.ids[at] = data_.mask_id();
    } else if (how < kMaskedOrOther) {
      batch_.ids[at] = static_cast<int32_t>(CounterRandom(seed_, kWhich).BelowAt(at, data_.vocab_size()));
    }
  }

  const TaskConfig& task_;
  const TrainingData& data_;
  const TaskRows& rows_;
  const uint64_t seed_;
  Batch batch_;
  std::vector<std::pair<size_t, size_t>> maskable_;  // mlm: places that are no special tokens
};

}  // namespace

bool IsJoint(LossKind loss) {
  return loss == LossKind::kCrossEntropy || loss == LossKind::kCrossCoSent || loss == LossKind::kSeq2Seq;
}

Batch AssembleBatch(const TrainConfig& config, const TrainingData& data, int32_t task, const std::vector<int64_t>& rows,
                    uint64_t seed) {
  return Assembler(config, data, task, seed).Build(rows);
}

}  // namespace senvec
