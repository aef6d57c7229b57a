// A stored list of neighbours: an error, or one that comes back the same.
#include <cstdint>

#include "base/check.h"
#include "index/hub_list.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto list = senvec::ParseHubList(bytes);
  if (list.ok()) SENVEC_CHECK(senvec::SerializeHubList(*list) == bytes);
  return 0;
}
