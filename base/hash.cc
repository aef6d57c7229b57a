#include "base/hash.h"

#include <xxhash.h>

#include "absl/strings/str_format.h"
#include "base/check.h"

namespace senvec {

uint64_t Checksum64(absl::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

Hash128 Checksum128(absl::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.low64, hash.high64};
}

struct Fingerprinter::State {
  XXH3_state_t* xxh = XXH3_createState();
  ~State() { XXH3_freeState(xxh); }
};

Fingerprinter::Fingerprinter() : state_(std::make_unique<State>()) {
  SENVEC_CHECK(state_->xxh != nullptr);
  XXH3_128bits_reset(state_->xxh);
}
Fingerprinter::~Fingerprinter() = default;

void Fingerprinter::Add(absl::string_view bytes) {
  Begin(bytes.size());
  Append(bytes);
}

// The length goes in as well, so that ("ab","c") and ("a","bc") differ.
void Fingerprinter::Begin(uint64_t size) { XXH3_128bits_update(state_->xxh, &size, sizeof(size)); }

void Fingerprinter::Append(absl::string_view bytes) {
  XXH3_128bits_update(state_->xxh, bytes.data(), bytes.size());
}

std::string Fingerprinter::Hex() const {
  const XXH128_hash_t digest = XXH3_128bits_digest(state_->xxh);
  return absl::StrFormat("%016x%016x", digest.high64, digest.low64);
}

}  // namespace senvec
