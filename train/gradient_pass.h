#pragma once

#include <cstdint>

#include "encoder/torch/sentence_model.h"
#include "train/data/batch.h"
#include "train/objective.h"

namespace senvec {

// One batch forth and back: adds the gradients of weight · loss to the parameters and returns the loss.
class GradientPass {
 public:
  struct Options {
    double dropout = 0;
    at::ScalarType compute = at::kFloat;
    // Two-pass accumulation (METHODS 9; kexue.fm 8471): the batch goes through the model in pieces of so many rows, first
    // without gradients for the vectors, then with them, given the loss's gradients by vector. The same values are
    // dropped in both, and the same as without pieces. 0 = all at once.
    int64_t chunk_rows = 0;
  };
  GradientPass(const TorchSentenceModel* model, const Objectives* objectives, const Options& options)
      : model_(model), objectives_(objectives), options_(options) {}

  double Run(const Batch& batch, double weight) const;

 private:
  struct Piece;
  Piece Cut(const Batch& batch, int64_t begin, int64_t end) const;
  double RunWhole(const Batch& batch, double weight) const;
  double RunInTwoPasses(const Batch& batch, double weight) const;
  double RunTokens(const Batch& batch, double weight) const;
  ForwardSettings SettingsOf(const Batch& batch, const Piece& piece) const;

  const TorchSentenceModel* model_;
  const Objectives* objectives_;
  const Options options_;
};

}  // namespace senvec
