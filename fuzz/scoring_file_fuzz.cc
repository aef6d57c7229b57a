// A scoring.json: an error, or options that are good and come back the same.
#include <cstdint>

#include "base/check.h"
#include "scoring/scoring_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto file = senvec::ParseScoring({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!file.ok()) {
    SENVEC_CHECK(!file.status().message().empty());
    return 0;
  }
  SENVEC_CHECK(file->Validate().ok());
  const std::string text = senvec::SerializeScoring(*file);
  const auto again = senvec::ParseScoring(text, "fuzz");
  SENVEC_CHECK(again.ok() && senvec::SerializeScoring(*again) == text);
  return 0;
}
