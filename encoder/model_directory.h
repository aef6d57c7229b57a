#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "encoder/pooling/pooling.h"

namespace senvec {

// What a sentence-transformers directory says beside the transformer itself. A plain transformers directory (no
// modules.json) has no pooling of its own and no further modules.
struct ModelDirectory {
  std::string transformer_folder;       // holds config.json, weights and tokenizer
  std::optional<Pooling> pooling;       // of modules.json; unset without one
  std::vector<std::string> dense_folders;  // in order
  // Whether modules.json has a Normalize module; without modules.json vectors are L2-normalised (METHODS 3.2).
  bool normalize = false;
  // sentence_bert_config.json max_seq_length, else tokenizer_config.json model_max_length; 0 = neither says.
  int32_t max_tokens = 0;
  std::map<std::string, std::string> prompts;  // config_sentence_transformers.json
  std::string default_prompt_name;             // "" = none
  // Files that were read and shape the vectors; for the fingerprint.
  std::vector<std::string> files;

  // NotFound when there is no such folder or config.json; InvalidArgument for a damaged file; Unimplemented, naming
  // it, for a module, pooling or setting that is not served.
  static absl::StatusOr<ModelDirectory> Read(const std::string& directory);
};

}  // namespace senvec
