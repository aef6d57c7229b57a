// A whitening file: an error, or a transform that can be applied.
#include <cstdint>
#include <vector>

#include "encoder/whitening/whitening.h"
#include "fuzz/input_folder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const senvec::InputFolder folder;
  folder.Write("whitening.safetensors", {reinterpret_cast<const char*>(data), size});
  const auto whitening = senvec::Whitening::Load(folder / "whitening.safetensors");
  if (!whitening.ok()) {
    SENVEC_CHECK(!whitening.status().message().empty());
    return 0;
  }
  SENVEC_CHECK(whitening->output_dim() >= 1 && whitening->output_dim() <= whitening->input_dim());
  const std::vector<float> row(whitening->input_dim(), 0.5f);
  std::vector<float> out(whitening->output_dim());
  whitening->Apply(row, absl::MakeSpan(out));
  return 0;
}
