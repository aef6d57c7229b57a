// A server's configuration file: an error, or settings that are checked before they are used.
#include <cstdint>

#include "base/check.h"
#include "service/server_config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto config = senvec::ServerConfig::FromJson({reinterpret_cast<const char*>(data), size}, "fuzz", {});
  if (!config.ok()) {
    SENVEC_CHECK(!config.status().message().empty());
    return 0;
  }
  if (!config->Validate().ok()) return 0;
  SENVEC_CHECK(config->limits.max_texts >= 1 && config->limits.max_k >= 1 && config->limits.max_hits >= 1);
  SENVEC_CHECK(config->work_threads >= 1 && config->drain >= absl::ZeroDuration());
  return 0;
}
