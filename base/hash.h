#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace senvec {

// XXH3, 64 bits: the checksum in our file headers. Detects damage, not forgery.
uint64_t Checksum64(absl::string_view bytes);

// XXH3, 128 bits.
struct Hash128 {
  uint64_t low;
  uint64_t high;
};
Hash128 Checksum128(absl::string_view bytes);

// XXH3, 128 bits, over pieces fed one after the other: the fingerprint of models and transforms.
class Fingerprinter {
 public:
  Fingerprinter();
  ~Fingerprinter();
  void Add(absl::string_view bytes);
  // The same in parts: Begin() with the size of the whole, then its bytes by Append().
  void Begin(uint64_t size);
  void Append(absl::string_view bytes);
  // 32 lower-case hexadecimal digits.
  std::string Hex() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace senvec
