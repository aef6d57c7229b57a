// The small files of a sentence-transformers directory: an error, or modules that lie inside it and can be loaded or refused.
#include <cstdint>

#include "encoder/dense_module.h"
#include "encoder/model_directory.h"
#include "fuzz/input_folder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const senvec::InputFolder folder;
  folder.WriteParts({reinterpret_cast<const char*>(data), size},
                    {"modules.json", "config.json", "1_Pooling/config.json", "2_Dense/config.json", "2_Dense/model.safetensors",
                     "sentence_bert_config.json", "tokenizer_config.json", "config_sentence_transformers.json"});
  const auto directory = senvec::ModelDirectory::Read(folder.path());
  if (!directory.ok()) {
    SENVEC_CHECK(!directory.status().message().empty());
    return 0;
  }
  SENVEC_CHECK(directory->max_tokens >= 0);
  SENVEC_CHECK(directory->default_prompt_name.empty() || directory->prompts.count(directory->default_prompt_name) == 1);
  for (const std::string& dense : directory->dense_folders) {
    const auto module = senvec::DenseModule::Load(dense, senvec::KernelsFor(senvec::Isa::kBaseline));
    SENVEC_CHECK(module.ok() ? module->in() > 0 && module->out() > 0 : !module.status().message().empty());
  }
  return 0;
}
