// A classifier's file: an error, or a classifier that gives a distribution. Inputs are also tried with the checksums put
// right, which random bytes would never have.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>

#include "base/check.h"
#include "base/hash.h"
#include "fuzz/input_folder.h"
#include "scoring/linear_classifier.h"

namespace {

void Load(const senvec::InputFolder& folder, const std::string& bytes) {
  folder.Write("classifier", bytes);
  const auto classifier = senvec::LinearClassifier::Load(folder / "classifier");
  if (!classifier.ok()) {
    SENVEC_CHECK(!classifier.status().message().empty());
    return;
  }
  const auto p = classifier->Classify(std::vector<float>(static_cast<size_t>(classifier->dim()), 0.25f));
  if (!p.ok()) return;  // weights near the largest double
  double sum = 0;
  for (const double value : *p) sum += value;
  SENVEC_CHECK(p->size() == classifier->labels().size() && p->size() >= 2 && std::abs(sum - 1) < 1e-6);
}

// See docs/formats.md: checksums of the content at 24 and of the header at 32.
std::string Sealed(std::string bytes) {
  const uint64_t content = senvec::Checksum64(absl::string_view(bytes).substr(40));
  std::memcpy(&bytes[24], &content, 8);
  const uint64_t header = senvec::Checksum64(absl::string_view(bytes).substr(0, 32));
  std::memcpy(&bytes[32], &header, 8);
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const senvec::InputFolder folder;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  Load(folder, bytes);
  if (size >= 40) Load(folder, Sealed(bytes));
  return 0;
}
