// A collection's manifest and documents: any bytes end in an error, or read back to what they say.
#include <cstdint>

#include "base/check.h"
#include "index/document_file.h"
#include "index/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto documents = senvec::ParseDocuments(bytes, "fuzz");
  if (documents.ok()) {
    SENVEC_CHECK(senvec::ParseDocuments(senvec::SerializeDocuments(*documents), "fuzz")->size() == documents->size());
  }
  const auto manifest = senvec::ParseManifest(bytes, "fuzz");
  if (manifest.ok()) SENVEC_CHECK(manifest->options.Validate().ok());
  return 0;
}
