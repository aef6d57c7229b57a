// A model's config.json: an error, or sizes that fit together.
#include <cstdint>

#include "base/check.h"
#include "encoder/weights/model_config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto config = senvec::ModelConfig::FromJson({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (config.ok()) {
    SENVEC_CHECK(config->head_size * config->num_heads == config->hidden_size && config->hidden_size > 0);
    SENVEC_CHECK(config->max_position_embeddings > config->position_offset);
  }
  return 0;
}
