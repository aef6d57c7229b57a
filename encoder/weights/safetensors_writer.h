#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "encoder/weights/weight_source.h"

namespace senvec {

// Serialises tensors (sorted by name, aligned to 8 bytes) and metadata; equal input gives equal bytes. The views'
// bytes must have the size their dtype and shape ask for; names must differ.
std::string SerializeSafetensors(absl::Span<const TensorView> tensors,
                                 const std::map<std::string, std::string>& metadata);

// The same, written atomically.
absl::Status WriteSafetensors(const std::string& path, absl::Span<const TensorView> tensors,
                              const std::map<std::string, std::string>& metadata);

}  // namespace senvec
