// Cached vectors from disk, with a checksum that fits: what is accepted lies inside the bytes.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "base/hash.h"
#include "eval/vector_cache.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  for (int round = 0; round < 2; ++round) {
    const auto segment = senvec::ParseVectorSegment(bytes, "input");
    if (segment.ok()) {
      SENVEC_CHECK(segment->dim > 0 && segment->count >= 0);
      SENVEC_CHECK(segment->hashes.size() == senvec::VectorSegment::kHashBytes * segment->count);
      SENVEC_CHECK(segment->rows.size() == sizeof(float) * segment->dim * segment->count);
      SENVEC_CHECK(segment->rows.data() + segment->rows.size() + 8 == bytes.data() + bytes.size());
    } else {
      SENVEC_CHECK(!segment.status().message().empty());
    }
    // The second time behind a right checksum.
    const uint64_t checksum = senvec::Checksum64(bytes);
    bytes.append(reinterpret_cast<const char*>(&checksum), sizeof(checksum));
  }
  return 0;
}
