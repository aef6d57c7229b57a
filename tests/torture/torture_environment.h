#pragma once

#include <cstdint>
#include <cstdlib>

#include "absl/strings/numbers.h"

namespace senvec {

// A number that scripts/torture.sh sets for the long form of a test.
inline int64_t TortureNumber(const char* name, int64_t fallback) {
  const char* text = std::getenv(name);
  int64_t value = 0;
  return text != nullptr && absl::SimpleAtoi(text, &value) ? value : fallback;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kTortureSanitized = true;
#else
inline constexpr bool kTortureSanitized = false;
#endif

}  // namespace senvec
