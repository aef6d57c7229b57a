#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "encoder/tokenizer/tokenizer.h"
#include "encoder/torch/sentence_model.h"
#include "train/data/train_config.h"

namespace senvec {

// Scored pairs that a run is measured on while it trains. Immutable.
class DevSets {
 public:
  // Reads and tokenises the files of config.dev. InvalidArgument names file, line and fault, and a set whose labels are all
  // the same.
  static absl::StatusOr<DevSets> Load(const TrainConfig& config, const Tokenizer& tokenizer, int32_t max_tokens);

  struct Result {
    std::map<std::string, double> spearman;  // by name
    double mean = 0;                         // weighted
  };
  bool empty() const { return sets_.empty(); }
  // Spearman's ρ of the cosines with the labels, computed in `type`.
  absl::StatusOr<Result> Measure(const TorchSentenceModel& model, at::ScalarType type) const;

 private:
  struct Set {
    std::string name;
    double weight = 1;
    std::vector<double> labels;
    std::vector<Encoding> texts;  // first and second of each pair
  };
  std::vector<Set> sets_;
};

}  // namespace senvec
