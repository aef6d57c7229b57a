// model.safetensors.index.json beside two whole shards: an error, or every tensor that it lists.
#include <cstdint>
#include <vector>

#include "encoder/weights/safetensors_writer.h"
#include "encoder/weights/weight_source.h"
#include "fuzz/input_folder.h"

namespace {

// "a" in the first shard, "b" and "c" in the second.
void WriteShards(const senvec::InputFolder& folder) {
  const std::vector<float> values = {1, 2};
  const absl::string_view bytes(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
  const auto tensor = [&](const char* name) {
    return senvec::TensorView{.name = name, .dtype = senvec::DType::kF32, .shape = {2}, .bytes = bytes};
  };
  SENVEC_CHECK(senvec::WriteSafetensors(folder / "one.safetensors", {tensor("a")}, {}).ok());
  SENVEC_CHECK(senvec::WriteSafetensors(folder / "two.safetensors", {tensor("b"), tensor("c")}, {}).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const senvec::InputFolder folder;
  static const bool written = (WriteShards(folder), true);
  SENVEC_CHECK(written);
  folder.Write("model.safetensors.index.json", {reinterpret_cast<const char*>(data), size});
  const auto source = senvec::WeightSource::OpenDirectory(folder.path());
  if (!source.ok()) {
    SENVEC_CHECK(!source.status().message().empty());
    return 0;
  }
  for (const std::string& name : (*source)->Names()) {
    std::vector<float> values(2);
    SENVEC_CHECK(senvec::ToFloat(*(*source)->Find(name), absl::MakeSpan(values)).ok() && values[1] == 2);
  }
  return 0;
}
