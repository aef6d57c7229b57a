#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "train/data/train_config.h"
#include "train/data/training_data.h"

namespace senvec {

// What a model card is filled from.
struct ModelCardFacts {
  std::string architecture;          // "roformer, 6 layers × 256, 4 heads"
  int64_t parameters = 0;
  int32_t dim = 0;
  int32_t max_tokens = 0;
  std::string command;               // "senvec train --config recipe.json"
  std::string version;               // of the program
  int64_t best_step = 0;             // whose weights these are
  double seconds = 0;                // of training
  int64_t sentences = 0;             // that went through the model
  std::map<std::string, double> dev;   // Spearman by dev set
  std::map<std::string, double> test;  // of test sets, when they were measured
  std::vector<TaskReport> tasks;     // as TrainingData::reports()
};

// README.md for a model directory: a YAML head as Hugging Face reads it, then data sets with sizes and
// licences, losses, measures, and how to make the model again. Names of files are shown without their folders.
std::string FormatModelCard(const TrainConfig& config, const ModelCardFacts& facts);

}  // namespace senvec
