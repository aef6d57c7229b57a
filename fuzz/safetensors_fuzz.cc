// Weights come from anywhere: any bytes end in an error or in tensors that lie inside the file and can be read.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "encoder/weights/weight_source.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const int fd = ::memfd_create("fuzz", 0);
  SENVEC_CHECK(fd >= 0 && ::write(fd, data, size) == static_cast<ssize_t>(size));
  const auto source = senvec::WeightSource::OpenSafetensors("/proc/self/fd/" + std::to_string(fd));
  if (source.ok()) {
    for (const std::string& name : (*source)->Names()) {
      const senvec::TensorView* tensor = (*source)->Find(name);
      SENVEC_CHECK(tensor != nullptr && tensor->bytes.size() == tensor->num_elements() * senvec::DTypeSize(tensor->dtype));
      std::vector<float> values(tensor->num_elements());
      static_cast<void>(senvec::ToFloat(*tensor, absl::MakeSpan(values)));
    }
  } else {
    SENVEC_CHECK(!source.status().message().empty());
  }
  ::close(fd);
  return 0;
}
