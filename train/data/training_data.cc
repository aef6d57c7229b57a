#include "train/data/training_data.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/hash.h"
#include "base/status_macros.h"
#include "train/data/batch.h"
#include "train/data/leak_guard.h"
#include "train/data/row_reader.h"

namespace senvec {
namespace {

bool HasClasses(LossKind loss) {
  return loss == LossKind::kAmSoftmax || loss == LossKind::kSoftmax || loss == LossKind::kSbert ||
         loss == LossKind::kCrossEntropy;
}

bool HasLabels(RowKind rows) { return rows == RowKind::kPairs || rows == RowKind::kLabelled; }

// Numbers by size, before words by their bytes.
bool ClassLess(const std::string& a, const std::string& b) {
  double x = 0, y = 0;
  const bool a_number = absl::SimpleAtod(a, &x), b_number = absl::SimpleAtod(b, &y);
  if (a_number != b_number) return a_number;
  return a_number && x != y ? x < y : a < b;
}

std::string PlaceOf(const TaskConfig& task, const TaskRows& rows, int64_t i) {
  return absl::StrCat(task.files[rows.file[i]], ":", rows.line[i]);
}

void AddBytes(Fingerprinter& hash, const void* data, size_t size) {
  hash.Add({static_cast<const char*>(data), size});
}

// Keeps the rows for which keep[i] is set.
void KeepRows(const std::vector<char>& keep, TaskRows& rows) {
  int64_t out = 0;
  for (int64_t i = 0; i < rows.size(); ++i) {
    if (!keep[i]) continue;
    for (int32_t t = 0; t < rows.texts_per_row; ++t) rows.texts[out * rows.texts_per_row + t] = rows.texts[i * rows.texts_per_row + t];
    rows.labels[out] = rows.labels[i];
    rows.file[out] = rows.file[i];
    rows.line[out] = rows.line[i];
    ++out;
  }
  rows.texts.resize(out * rows.texts_per_row);
  rows.labels.resize(out);
  rows.file.resize(out);
  rows.line.resize(out);
}

}  // namespace

// Fills a TrainingData in the order of its functions.
class TrainingDataLoader {
 public:
  TrainingDataLoader(const TrainConfig& config, const Tokenizer& tokenizer, ThreadPool& pool)
      : config_(config), tokenizer_(tokenizer), pool_(pool), data_(new TrainingData) {}

  absl::StatusOr<std::unique_ptr<const TrainingData>> Load() {
    SENVEC_ASSIGN_OR_RETURN(data_->frame_, SequenceFrame::Of(tokenizer_));
    data_->mask_id_ = tokenizer_.TokenToId("[MASK]");
    if (data_->mask_id_ < 0) data_->mask_id_ = tokenizer_.TokenToId("<mask>");
    data_->vocab_size_ = tokenizer_.vocab_size();
    for (const TaskConfig& task : config_.tasks) SENVEC_RETURN_IF_ERROR(ReadTask(task));
    SENVEC_RETURN_IF_ERROR(HoldAgainstGuard());
    for (size_t t = 0; t < config_.tasks.size(); ++t) {
      SENVEC_RETURN_IF_ERROR(RemoveDuplicates(config_.tasks[t], data_->tasks_[t], data_->reports_[t]));
      SENVEC_RETURN_IF_ERROR(CheckLabels(config_.tasks[t], data_->tasks_[t]));
    }
    KeepUsedTexts();
    TokenizeTexts();
    data_->fingerprint_ = FingerprintOf();
    return std::unique_ptr<const TrainingData>(std::move(data_));
  }

 private:
  absl::Status ReadTask(const TaskConfig& task) {
    TaskRows& rows = data_->tasks_.emplace_back();
    data_->reports_.push_back({.name = task.name});
    rows.texts_per_row = TextsPerRow(task.rows);
    std::vector<std::string> words;  // of each row, for classes
    const bool by_word = HasClasses(task.loss) && task.labels.empty();
    const absl::Status status = ReadRows(task, [&](const SourceRow& row) -> absl::Status {
      double label = 1;
      if (HasLabels(task.rows) && !by_word) {
        SENVEC_ASSIGN_OR_RETURN(label, LabelValue(row.label, task.labels));
      }
      if (by_word) words.push_back(row.label);
      for (int32_t t = 0; t < rows.texts_per_row; ++t) rows.texts.push_back(data_->texts_.Add(row.texts[t]));
      rows.labels.push_back(static_cast<float>(label));
      rows.file.push_back(row.file);
      rows.line.push_back(row.line);
      return absl::OkStatus();
    });
    SENVEC_RETURN_IF_ERROR(status);
    if (HasClasses(task.loss)) NumberClasses(by_word ? words : WordsOf(rows.labels), rows);
    return absl::OkStatus();
  }

  static std::vector<std::string> WordsOf(const std::vector<float>& labels) {
    std::vector<std::string> words;
    for (const float label : labels) words.push_back(absl::StrCat(label));
    return words;
  }

  static void NumberClasses(const std::vector<std::string>& words, TaskRows& rows) {
    rows.class_names = words;
    std::sort(rows.class_names.begin(), rows.class_names.end(), ClassLess);
    rows.class_names.erase(std::unique(rows.class_names.begin(), rows.class_names.end()), rows.class_names.end());
    absl::flat_hash_map<std::string, int32_t> numbers;
    for (size_t c = 0; c < rows.class_names.size(); ++c) numbers[rows.class_names[c]] = static_cast<int32_t>(c);
    for (size_t i = 0; i < words.size(); ++i) rows.labels[i] = static_cast<float>(numbers[words[i]]);
    rows.num_classes = static_cast<int32_t>(rows.class_names.size());
  }

  absl::Status HoldAgainstGuard() {
    if (config_.guard.files.empty() && config_.dev.empty()) return absl::OkStatus();
    LeakGuard guard, dev;
    for (const std::string& file : config_.guard.files) SENVEC_RETURN_IF_ERROR(guard.Add(file));
    for (const DevConfig& set : config_.dev) SENVEC_RETURN_IF_ERROR(dev.Add(set.file));
    std::vector<uint64_t> folded(data_->texts_.size());
    pool_.ParallelFor(folded.size(), [&](size_t i) {
      folded[i] = guard.folder().Hash(data_->texts_.text(static_cast<int32_t>(i)));
    });
    for (size_t t = 0; t < config_.tasks.size(); ++t) {
      SENVEC_RETURN_IF_ERROR(GuardTask(config_.tasks[t], guard, dev, folded, data_->tasks_[t], data_->reports_[t]));
    }
    return absl::OkStatus();
  }

  absl::Status GuardTask(const TaskConfig& task, const LeakGuard& guard, const LeakGuard& dev, const std::vector<uint64_t>& folded,
                         TaskRows& rows, TaskReport& report) const {
    std::vector<char> keep(rows.size(), 1);
    std::vector<uint64_t> row(rows.texts_per_row);
    for (int64_t i = 0; i < rows.size(); ++i) {
      for (int32_t t = 0; t < rows.texts_per_row; ++t) row[t] = folded[rows.row(i)[t]];
      const auto hit = guard.Find(row, task.guard);
      if (hit.has_value() && config_.guard.on_hit == OnHit::kStop) {
        return absl::FailedPreconditionError(absl::StrCat(
            PlaceOf(task, rows, i), ": task \"", task.name, "\" would train on ", guard.files()[hit->file], ":", hit->line,
            ", an evaluation file; take the row out, or say \"on_hit\": \"drop\" in \"guard\""));
      }
      if (hit.has_value()) {
        keep[i] = 0;
        ++report.guard_hits;
        continue;
      }
      if (guard.Find(row, GuardLevel::kSentences).has_value()) ++report.shared_sentences;
      if (dev.Find(row, task.guard).has_value()) ++report.dev_hits;
    }
    KeepRows(keep, rows);
    if (rows.size() > 0) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrCat("task \"", task.name, "\": every row stands in an evaluation file"));
  }

  absl::Status RemoveDuplicates(const TaskConfig& task, TaskRows& rows, TaskReport& report) const {
    absl::flat_hash_map<std::vector<int32_t>, int64_t> known;
    known.reserve(rows.size());
    std::vector<char> keep(rows.size(), 1);
    for (int64_t i = 0; i < rows.size(); ++i) {
      std::vector<int32_t> texts(rows.row(i).begin(), rows.row(i).end());
      // (a, b) is (b, a), but the negative of a triple is not its positive.
      if (texts.size() >= 2 && texts[1] < texts[0]) std::swap(texts[0], texts[1]);
      const auto [first, is_new] = known.try_emplace(std::move(texts), i);
      if (is_new) continue;
      if (task.duplicates == OnDuplicate::kRefuse) {
        return absl::InvalidArgumentError(absl::StrCat(PlaceOf(task, rows, i), ": task \"", task.name, "\" has the texts of ",
                                                       PlaceOf(task, rows, first->second), " a second time"));
      }
      ++report.duplicate_rows;
      report.conflicting_rows += rows.labels[i] != rows.labels[first->second];
      keep[i] = task.duplicates != OnDuplicate::kDrop;
    }
    KeepRows(keep, rows);
    return absl::OkStatus();
  }

  static absl::Status CheckLabels(const TaskConfig& task, const TaskRows& rows) {
    if (!HasLabels(task.rows)) return absl::OkStatus();
    const auto [low, high] = std::minmax_element(rows.labels.begin(), rows.labels.end());
    if (*low == *high) {
      return absl::InvalidArgumentError(absl::StrCat(
          task.files[0], ": task \"", task.name, "\": all ", rows.size(), " rows have the label ",
          HasClasses(task.loss) ? rows.class_names[static_cast<size_t>(*low)] : absl::StrCat(*low), "; ", LossKindName(task.loss),
          " needs at least two different ones"));
    }
    if (task.loss != LossKind::kCosine || (*low >= -1 && *high <= 1)) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(task.files[0], ": task \"", task.name, "\": labels reach from ", *low, " to ", *high,
                                                   "; the loss cosine takes [-1, 1] (\"labels\" can map them)"));
  }

  // Texts of rows that were dropped must not be seen by a teacher or a vocabulary either.
  void KeepUsedTexts() {
    std::vector<char> used(data_->texts_.size(), 0);
    for (const TaskRows& rows : data_->tasks_) {
      for (const int32_t text : rows.texts) used[text] = 1;
    }
    if (std::find(used.begin(), used.end(), 0) == used.end()) return;
    TextStore kept;
    std::vector<int32_t> number(used.size(), -1);
    for (size_t i = 0; i < used.size(); ++i) {
      if (used[i]) number[i] = kept.Add(data_->texts_.text(static_cast<int32_t>(i)));
    }
    for (TaskRows& rows : data_->tasks_) {
      for (int32_t& text : rows.texts) text = number[text];
    }
    data_->texts_ = std::move(kept);
  }

  void TokenizeTexts() {
    int32_t longest = 0;
    for (const TaskConfig& task : config_.tasks) longest = std::max(longest, task.max_tokens);
    data_->texts_.Tokenize(tokenizer_, config_.model.prompt, longest, pool_);
    for (size_t t = 0; t < config_.tasks.size(); ++t) CountTexts(config_.tasks[t], data_->tasks_[t], data_->reports_[t]);
  }

  void CountTexts(const TaskConfig& task, const TaskRows& rows, TaskReport& report) const {
    const TextStore& texts = data_->texts_;
    std::vector<char> seen(texts.size(), 0);
    report.rows = rows.size();
    for (int64_t i = 0; i < rows.size(); ++i) {
      int32_t joint = data_->frame_.pair_size();
      for (const int32_t text : rows.row(i)) {
        joint += texts.full_tokens(text);
        if (std::exchange(seen[text], 1)) continue;
        ++report.texts;
        if (!IsJoint(task.loss)) report.long_texts += texts.full_tokens(text) + data_->frame_.size() > task.max_tokens;
      }
      if (IsJoint(task.loss)) report.long_texts += joint > task.max_tokens;
    }
  }

  std::string FingerprintOf() const {
    Fingerprinter hash;
    std::vector<int32_t> tokens;
    for (int32_t i = 0; i < data_->texts_.size(); ++i) {
      tokens.assign(1, data_->texts_.full_tokens(i));
      data_->texts_.AppendTokens(i, data_->texts_.num_tokens(i), tokens);
      AddBytes(hash, tokens.data(), tokens.size() * sizeof(int32_t));
    }
    for (const TaskRows& rows : data_->tasks_) {
      AddBytes(hash, rows.texts.data(), rows.texts.size() * sizeof(int32_t));
      AddBytes(hash, rows.labels.data(), rows.labels.size() * sizeof(float));
    }
    return hash.Hex();
  }

  const TrainConfig& config_;
  const Tokenizer& tokenizer_;
  ThreadPool& pool_;
  std::unique_ptr<TrainingData> data_;
};

absl::StatusOr<std::unique_ptr<const TrainingData>> TrainingData::Load(const TrainConfig& config, const Tokenizer& tokenizer,
                                                                       ThreadPool& pool) {
  return TrainingDataLoader(config, tokenizer, pool).Load();
}

}  // namespace senvec
