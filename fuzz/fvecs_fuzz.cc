// A .fvecs file: an error that names it, or vectors that can be read.
#include <cstdint>
#include <vector>

#include "dataio/embedding_file.h"
#include "fuzz/input_folder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const senvec::InputFolder folder;
  folder.Write("v.fvecs", {reinterpret_cast<const char*>(data), size});
  const auto file = senvec::EmbeddingFile::Open(folder / "v.fvecs");
  SENVEC_CHECK(file.ok() || !file.status().message().empty());
  if (!file.ok()) return 0;
  std::vector<float> row(static_cast<size_t>(file->dim()));
  for (int64_t i = 0; i < file->rows(); ++i) {
    const absl::Status copied = file->Copy(i, absl::MakeSpan(row));
    SENVEC_CHECK(copied.ok() || absl::IsInvalidArgument(copied));
  }
  return 0;
}
