#include "encoder/weights/safetensors_writer.h"

#include <algorithm>
#include <cstdint>

#include "base/check.h"
#include "base/file.h"
#include "base/json.h"

namespace senvec {

std::string SerializeSafetensors(absl::Span<const TensorView> tensors,
                                 const std::map<std::string, std::string>& metadata) {
  std::vector<const TensorView*> sorted;
  for (const TensorView& tensor : tensors) sorted.push_back(&tensor);
  // Wide dtypes first keeps every tensor aligned without gaps, as the format asks.
  std::sort(sorted.begin(), sorted.end(), [](const TensorView* a, const TensorView* b) {
    const size_t size_a = DTypeSize(a->dtype), size_b = DTypeSize(b->dtype);
    return size_a != size_b ? size_a > size_b : a->name < b->name;
  });
  nlohmann::json header = nlohmann::json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  uint64_t offset = 0;
  for (const TensorView* tensor : sorted) {
    const uint64_t size = tensor->bytes.size();
    SENVEC_CHECK(size == static_cast<uint64_t>(tensor->num_elements()) * DTypeSize(tensor->dtype));
    SENVEC_CHECK(!header.contains(tensor->name));
    header[tensor->name] = {{"dtype", std::string(DTypeName(tensor->dtype))},
                            {"shape", tensor->shape},
                            {"data_offsets", {offset, offset + size}}};
    offset += size;
  }
  std::string text = DumpJson(header);
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const uint64_t length = text.size();
  std::string out(reinterpret_cast<const char*>(&length), sizeof(length));
  out += text;
  for (const TensorView* tensor : sorted) out.append(tensor->bytes.data(), tensor->bytes.size());
  return out;
}

absl::Status WriteSafetensors(const std::string& path, absl::Span<const TensorView> tensors,
                              const std::map<std::string, std::string>& metadata) {
  return WriteFileAtomically(path, SerializeSafetensors(tensors, metadata));
}

}  // namespace senvec
