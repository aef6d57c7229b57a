// A vector index's file: damage is an error before FAISS reads a byte.
#include <cstdint>

#include "base/check.h"
#include "index/vector/index_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto file = senvec::ParseIndexFile(bytes, "fuzz");
  SENVEC_CHECK(file.ok() ? file->options.Validate().ok() : !file.status().message().empty());
  return 0;
}
