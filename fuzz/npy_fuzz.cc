// The head of a .npy file: an error, or a matrix that fills the file.
#include <cstdint>

#include "base/check.h"
#include "dataio/npy_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto shape = senvec::ParseNpyHead({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (shape.ok()) {
    SENVEC_CHECK(shape->data_offset + sizeof(float) * static_cast<size_t>(shape->rows * shape->dim) == size);
  }
  return 0;
}
