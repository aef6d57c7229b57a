#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace senvec {

// "500MB", "2GB", "1.5 TB" or plain bytes; MB is 10^6, MiB 2^20. InvalidArgument names the text and the forms.
absl::StatusOr<int64_t> ParseByteSize(absl::string_view text);
// "1.2 GB", for people.
std::string ShowBytes(int64_t bytes);

}  // namespace senvec
