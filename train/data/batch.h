#pragma once

#include <cstdint>
#include <vector>

#include "train/data/train_config.h"
#include "train/data/training_data.h"

namespace senvec {

// The rows of one task that go through the model together. Sequences stand one after the other: those of row 0 in the order
// of its texts, then those of row 1, … A row is
//   one sequence    texts and labelled (distill, mlm, amsoftmax); for cross_entropy, cross_cosent and seq2seq both texts
//                   in one sequence, with the tokenizer's types (0 and 1)
//   two             pairs, positives; simcse, whose text stands twice
//   three           triples: text, positive, negative
struct Batch {
  int32_t task = 0;                 // of TrainConfig::tasks
  uint64_t seed = 0;                // for dropout: of this batch and of no other
  int32_t sequences_per_row = 1;
  std::vector<int32_t> lengths;     // tokens of each sequence, special ones included
  std::vector<int32_t> ids;         // of all sequences, without padding
  std::vector<int32_t> type_ids;    // as long as ids
  std::vector<int32_t> targets;     // mlm and seq2seq: what is to be said at each place, −1 = nothing; else empty
  std::vector<float> labels;        // a row each; class numbers where the loss has classes
  std::vector<int64_t> rows;        // of TaskRows
  std::vector<int32_t> texts;       // of TextStore, a sequence each; of a joint one its first text
  std::vector<uint64_t> hashes;     // of these texts: equal ones are no negatives of each other
  int64_t num_rows() const { return static_cast<int64_t>(labels.size()); }
  int64_t num_sequences() const { return static_cast<int64_t>(lengths.size()); }
};

// Whether both texts of a row are read as one sequence.
bool IsJoint(LossKind loss);

// Puts the given rows of a task together. `seed` decides what is masked, and is the batch's.
Batch AssembleBatch(const TrainConfig& config, const TrainingData& data, int32_t task, const std::vector<int64_t>& rows,
                    uint64_t seed);

}  // namespace senvec
