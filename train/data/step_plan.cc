#include "train/data/step_plan.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "train/data/counter_random.h"

namespace senvec {
namespace {

enum Purpose : uint64_t { kDrawTask = 1, kBatchSeed = 2, kOrderRows = 1 << 16, kOrderBatches = 2 << 16 };

absl::Status CheckTokenizer(const TaskConfig& task, const TrainingData& data) {
  const bool masks = task.loss == LossKind::kMlm || (task.loss == LossKind::kSeq2Seq && task.options.mask_rows > 0);
  if (masks && data.mask_id() < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("task \"", task.name, "\" masks tokens, but the vocabulary has neither [MASK] nor <mask>"));
  }
  if (task.loss == LossKind::kSeq2Seq && data.frame().type_a == data.frame().type_b) {
    return absl::InvalidArgumentError(
        absl::StrCat("task \"", task.name, "\": seq2seq needs a tokenizer that gives the second text another type"));
  }
  const int32_t frame = IsJoint(task.loss) ? data.frame().pair_size() : data.frame().size();
  if (task.max_tokens > frame) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("task \"", task.name, "\": max_tokens ", task.max_tokens,
                                                 " leaves no room beside ", frame, " special tokens"));
}

}  // namespace

StepPlan::StepPlan(const TrainConfig& config, const TrainingData& data)
    : config_(config), data_(data), states_(config.tasks.size()) {}

absl::StatusOr<std::unique_ptr<StepPlan>> StepPlan::Create(const TrainConfig& config, const TrainingData& data) {
  SENVEC_CHECK(config.tasks.size() == data.tasks().size());
  for (const TaskConfig& task : config.tasks) SENVEC_RETURN_IF_ERROR(CheckTokenizer(task, data));
  std::unique_ptr<StepPlan> plan(new StepPlan(config, data));
  plan->DrawTasks();
  return plan;
}

void StepPlan::DrawTasks() {
  std::vector<double> upto;  // cumulated
  std::vector<int32_t> drawable;
  double total = 0;
  for (size_t t = 0; t < config_.tasks.size(); ++t) {
    const TaskConfig& task = config_.tasks[t];
    if (task.every_step) every_step_.push_back(static_cast<int32_t>(t));
    if (task.every_step || task.weight <= 0) continue;
    total += task.weight * std::pow(static_cast<double>(data_.tasks()[t].size()), 1 / config_.temperature);
    upto.push_back(total);
    drawable.push_back(static_cast<int32_t>(t));
  }
  if (drawable.empty()) return;
  const CounterRandom random(config_.seed, kDrawTask);
  const int64_t batches = config_.steps * config_.accumulation;
  drawn_.reserve(batches);
  ordinal_.reserve(batches);
  std::vector<int32_t> counts(config_.tasks.size(), 0);
  for (int64_t i = 0; i < batches; ++i) {
    const auto pick = std::upper_bound(upto.begin(), upto.end(), random.UniformAt(i) * total);
    const int32_t task = drawable[std::min<size_t>(pick - upto.begin(), drawable.size() - 1)];
    drawn_.push_back(task);
    ordinal_.push_back(counts[task]++);
  }
}

std::vector<std::pair<int32_t, int64_t>> StepPlan::Places(int64_t step) const {
  SENVEC_CHECK(step >= 0 && step < config_.steps);
  std::vector<std::pair<int32_t, int64_t>> places;
  for (int64_t i = step * config_.accumulation; i < (step + 1) * config_.accumulation; ++i) {
    if (!drawn_.empty()) places.emplace_back(drawn_[i], ordinal_[i]);
    for (const int32_t task : every_step_) places.emplace_back(task, i);
  }
  return places;
}

std::vector<int32_t> StepPlan::TasksOf(int64_t step) const {
  std::vector<int32_t> tasks;
  for (const auto& [task, ordinal] : Places(step)) tasks.push_back(task);
  return tasks;
}

std::vector<Batch> StepPlan::Step(int64_t step) const {
  const CounterRandom seeds(config_.seed, kBatchSeed, static_cast<uint64_t>(step));
  std::vector<Batch> batches;
  for (const auto& [task, ordinal] : Places(step)) {
    batches.push_back(AssembleBatch(config_, data_, task, RowsOf(task, ordinal), seeds.At(batches.size())));
  }
  return batches;
}

double StepPlan::Epochs(int32_t task) const {
  const bool always = config_.tasks[task].every_step;
  const int64_t batches = always ? config_.steps * config_.accumulation : std::count(drawn_.begin(), drawn_.end(), task);
  return static_cast<double>(batches) / static_cast<double>(MakeEpoch(task, 0).num_batches());
}

int64_t StepPlan::RowTokens(int32_t task, int64_t row) const {
  const TaskConfig& config = config_.tasks[task];
  const TextStore& texts = data_.texts();
  if (IsJoint(config.loss)) {
    int64_t sum = data_.frame().pair_size();
    for (const int32_t text : data_.tasks()[task].row(row)) sum += texts.num_tokens(text);
    return std::min<int64_t>(sum, config.max_tokens);
  }
  int64_t longest = 0;
  for (const int32_t text : data_.tasks()[task].row(row)) longest = std::max<int64_t>(longest, texts.num_tokens(text));
  return std::min<int64_t>(longest + data_.frame().size(), config.max_tokens);
}

StepPlan::Epoch StepPlan::MakeEpoch(int32_t task, int64_t number) const {
  const TaskConfig& config = config_.tasks[task];
  const TaskRows& data = data_.tasks()[task];
  const auto size = static_cast<size_t>(data.size());
  const auto batch_size = static_cast<size_t>(config.batch_size);
  std::vector<uint32_t> rows = Permutation(size, CounterRandom(config_.seed, kOrderRows + task, static_cast<uint64_t>(number)));
  std::vector<int32_t> tokens(size);
  for (size_t i = 0; i < size; ++i) tokens[i] = static_cast<int32_t>(RowTokens(task, static_cast<int64_t>(i)));
  const int64_t per_row = IsJoint(config.loss) ? 1 : config.loss == LossKind::kSimCse ? 2 : data.texts_per_row;
  const int64_t limit = config.max_batch_tokens > 0 ? config.max_batch_tokens : std::numeric_limits<int64_t>::max();

  std::vector<std::pair<uint32_t, uint32_t>> batches;  // in rows
  const size_t window = batch_size * static_cast<size_t>(config_.bucket_batches);
  for (size_t begin = 0; begin < size; begin += window) {
    const size_t end = std::min(size, begin + window);
    std::stable_sort(rows.begin() + begin, rows.begin() + end, [&](uint32_t a, uint32_t b) { return tokens[a] < tokens[b]; });
    for (size_t at = begin; at < end;) {
      size_t stop = at;
      // Rows grow longer, so that the next one's length is the batch's.
      while (stop < end && stop - at < batch_size &&
             (stop == at || static_cast<int64_t>(stop - at + 1) * per_row * tokens[rows[stop]] <= limit)) {
        ++stop;
      }
      const bool left_over = stop == size && stop - at < (batch_size + 1) / 2 && config.max_batch_tokens == 0;
      if (!left_over || batches.empty()) batches.emplace_back(at, stop);
      at = stop;
    }
  }
  Epoch epoch;
  epoch.begins.push_back(0);
  const CounterRandom shuffle(config_.seed, kOrderBatches + task, static_cast<uint64_t>(number));
  for (const uint32_t i : Permutation(batches.size(), shuffle)) {
    epoch.rows.insert(epoch.rows.end(), rows.begin() + batches[i].first, rows.begin() + batches[i].second);
    epoch.begins.push_back(static_cast<uint32_t>(epoch.rows.size()));
  }
  return epoch;
}

std::vector<int64_t> StepPlan::RowsOf(int32_t task, int64_t ordinal) const {
  MutexLock lock(&mutex_);
  TaskState& state = states_[task];
  // Epochs differ in their number of batches where tokens bound them, so that each is laid out to know where the next begins.
  while (state.epoch_begins.back() <= ordinal) {
    state.last_number = static_cast<int64_t>(state.epoch_begins.size()) - 1;
    state.last = std::make_shared<const Epoch>(MakeEpoch(task, state.last_number));
    state.epoch_begins.push_back(state.epoch_begins.back() + state.last->num_batches());
  }
  const auto after = std::upper_bound(state.epoch_begins.begin(), state.epoch_begins.end(), ordinal);
  const int64_t number = after - state.epoch_begins.begin() - 1;
  if (state.last_number != number) {
    state.last = std::make_shared<const Epoch>(MakeEpoch(task, number));
    state.last_number = number;
  }
  const Epoch& epoch = *state.last;
  const int64_t batch = ordinal - state.epoch_begins[number];
  return {epoch.rows.begin() + epoch.begins[batch], epoch.rows.begin() + epoch.begins[batch + 1]};
}

}  // namespace senvec
