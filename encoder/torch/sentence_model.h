#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "encoder/pooling/pooling.h"
#include "encoder/torch/parameter_set.h"
#include "encoder/torch/transformer.h"
#include "encoder/weights/weight_source.h"

namespace senvec {

// A model as it is trained: transformer, pooling and Dense modules, with what its directory holds beside weights.
// Not thread-safe while it is trained.
class TorchSentenceModel {
 public:
  struct Options {
    // Either an existing model …
    std::string directory;
    // … or a new one of this config.json, with the tokenizer of a directory.
    std::string config_path;
    std::string tokenizer_directory;
    std::string pooling;  // "" = as the directory says; mean for a new model
    // Outputs of a new linear Dense module after pooling; 0 = as the directory says.
    int32_t dense = 0;
    uint64_t seed = 1;  // of what is drawn at random
    bool deepnorm = false;
  };

  // NotFound names the missing file, InvalidArgument the damaged one or what does not fit, Unimplemented a Dense module
  // with an activation other than identity or tanh.
  static absl::StatusOr<std::unique_ptr<TorchSentenceModel>> Open(const Options& options);

  // A vector a sequence: sequences × dim(), fp32, not normalised. Rows of `hidden` are those of Forward(),
  // with ForwardSettings::first_block where wants_first_block().
  at::Tensor Pool(const HiddenRows& hidden, const TokenBatch& batch) const;
  at::Tensor Encode(const TokenBatch& batch, ForwardSettings settings) const;
  bool wants_first_block() const { return pooling_ == Pooling::kFirstLastAvg; }

  // The head of masked language models (METHODS 3.6): dense, the model's activation, norm, and the word embeddings with a
  // bias. Drawn at random unless the checkpoint had one; a second call changes nothing.
  void AddMlmHead(uint64_t seed);
  // rows × vocabulary, fp32, from rows × hidden.
  at::Tensor MlmLogits(const at::Tensor& rows) const;

  const TorchTransformer& transformer() const { return *transformer_; }
  const ModelConfig& config() const { return transformer_->config(); }
  ParameterSet& parameters() { return parameters_; }
  const ParameterSet& parameters() const { return parameters_; }
  Pooling pooling() const { return pooling_; }
  int64_t dim() const;
  int32_t max_tokens() const { return max_tokens_; }
  // Of config.json: hidden_dropout_prob, 0.1 without it.
  double config_dropout() const { return config_dropout_; }
  // Where tokenizer.json or vocab.txt is.
  const std::string& tokenizer_directory() const { return tokenizer_directory_; }

  // Writes a sentence-transformers directory that loads here and elsewhere: weights in fp32, configuration,
  // tokenizer, pooling, Dense modules, a Normalize module. `values` are the parameters to write, in the order of
  // parameters().items(), so that averaged weights can be written too. Each file is written atomically, the
  // weights last. `max_tokens` goes to sentence_bert_config.json.
  absl::Status Save(const std::string& directory, const std::vector<at::Tensor>& values, int32_t max_tokens) const;

 private:
  struct Dense {
    std::string name;  // of its parameters: "dense.0"
    Activation activation = Activation::kIdentity;
    bool bias = true;
  };

  TorchSentenceModel() = default;
  absl::Status OpenDirectory(const Options& options);
  absl::Status OpenNew(const Options& options);
  absl::Status ReadConfig(const std::string& path);
  // Where the checkpoint has one.
  absl::Status LoadMlmHead(const WeightSource& source);
  absl::Status LoadDense(const std::string& folder, int64_t in);
  absl::Status ChoosePooling(const std::string& name);
  absl::Status SaveModules(const std::string& directory) const;
  absl::Status SavePooling(const std::string& folder) const;
  absl::Status SaveDense(const Dense& dense, const std::string& folder, const std::vector<at::Tensor>& values) const;
  absl::Status SaveWeights(const std::string& path, const std::vector<at::Tensor>& values) const;
  absl::Status CopyFiles(const std::string& directory) const;

  ParameterSet parameters_;
  std::unique_ptr<TorchTransformer> transformer_;
  Pooling pooling_ = Pooling::kMean;
  std::vector<Dense> dense_;
  std::string config_json_;
  std::string tokenizer_directory_;
  std::string prompts_json_;  // config_sentence_transformers.json, where there is one
  int32_t max_tokens_ = 0;
  double config_dropout_ = 0.1;
};

}  // namespace senvec
