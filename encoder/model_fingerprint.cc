#include "encoder/model_fingerprint.h"

#include "absl/strings/str_cat.h"
#include "base/hash.h"
#include "base/mapped_file.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

// Lengths too, so that bytes cannot move from one file to the next unnoticed.
void AddFile(Fingerprinter& fingerprinter, const MappedFile& file) {
  fingerprinter.Add(absl::StrCat(file.bytes().size(), "\n"));
  fingerprinter.Begin(file.bytes().size());
  // Read once and let go: a large checkpoint does not have to fit in memory.
  constexpr size_t kBlock = 4 << 20;
  for (size_t at = 0; at < file.bytes().size(); at += kBlock) {
    const absl::string_view block = file.bytes().substr(at, kBlock);
    fingerprinter.Append(block);
    file.Release(block);
  }
}

}  // namespace

absl::StatusOr<std::string> ModelFingerprint(const ModelDirectory& directory, const WeightSource& weights,
                                             Pooling pooling) {
  Fingerprinter fingerprinter;
  fingerprinter.Add(absl::StrCat("senvec-model-1\n", PoolingName(pooling), "\n"));
  for (const std::string& path : directory.files) {
    SENVEC_ASSIGN_OR_RETURN(const auto file, MappedFile::Open(path));
    AddFile(fingerprinter, *file);
  }
  for (const auto& file : weights.Files()) AddFile(fingerprinter, *file);
  return fingerprinter.Hex();
}

}  // namespace senvec
