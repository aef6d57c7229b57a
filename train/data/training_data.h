#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "base/thread_pool.h"
#include "encoder/tokenizer/tokenizer.h"
#include "train/data/text_store.h"
#include "train/data/train_config.h"

namespace senvec {

// The rows of one task.
struct TaskRows {
  int32_t texts_per_row = 1;
  std::vector<int32_t> texts;   // rows × texts_per_row numbers of TextStore
  std::vector<float> labels;    // a row each: as given; 1 for rows without labels
  // Classes (amsoftmax, sbert, cross_entropy): labels are 0 … num_classes − 1 in the order of
  // class_names. 0 for other losses.
  int32_t num_classes = 0;
  std::vector<std::string> class_names;
  // Where rows came from.
  std::vector<uint32_t> file;   // of TaskConfig::files
  std::vector<uint32_t> line;
  int64_t size() const { return static_cast<int64_t>(labels.size()); }
  absl::Span<const int32_t> row(int64_t i) const {
    return absl::MakeSpan(texts).subspan(i * texts_per_row, texts_per_row);
  }
};

// What was met while reading one task; for the card and the log.
struct TaskReport {
  std::string name;
  int64_t rows = 0;            // that train
  int64_t texts = 0;           // distinct
  int64_t duplicate_rows = 0;  // with the texts of an earlier row, in any order; dropped when the task says so
  int64_t conflicting_rows = 0;  // of them, those whose label differs
  int64_t long_texts = 0;      // distinct texts that max_tokens cuts; rows, where they are one sequence
  int64_t guard_hits = 0;      // rows that stand in an evaluation file, dropped
  int64_t dev_hits = 0;        // rows that also stand in a dev set; they train all the same
  // For tasks that the guard looks at by pairs: rows that have a sentence of an evaluation file.
  int64_t shared_sentences = 0;
};

// All data of a run, tokenised once. Immutable, safe for concurrent use.
class TrainingData {
 public:
  // Reads all files of `config`, checks them, and holds them against the guard's. InvalidArgument
  // names file, line and fault: a wrong number of fields, a label that is no number (or no word of
  // "labels"), an empty text, a task whose labels are all the same; FailedPrecondition, naming both
  // files and lines: a row that stands in an evaluation file.
  static absl::StatusOr<std::unique_ptr<const TrainingData>> Load(const TrainConfig& config,
                                                                  const Tokenizer& tokenizer,
                                                                  ThreadPool& pool);

  const TextStore& texts() const { return texts_; }
  const SequenceFrame& frame() const { return frame_; }
  // In the order of TrainConfig::tasks.
  absl::Span<const TaskRows> tasks() const { return tasks_; }
  absl::Span<const TaskReport> reports() const { return reports_; }
  int32_t mask_id() const { return mask_id_; }      // −1 when the vocabulary has none
  int32_t vocab_size() const { return vocab_size_; }
  // Of all rows: a resumed run must meet the same.
  const std::string& fingerprint() const { return fingerprint_; }

 private:
  friend class TrainingDataLoader;
  TrainingData() = default;

  TextStore texts_;
  SequenceFrame frame_;
  std::vector<TaskRows> tasks_;
  std::vector<TaskReport> reports_;
  int32_t mask_id_ = -1;
  int32_t vocab_size_ = 0;
  std::string fingerprint_;
};

}  // namespace senvec
