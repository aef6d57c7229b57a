// Private to bitmap*.cc.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace senvec {

// OK when `bytes` are one set in Roaring's portable format and nothing else, with every promise
// kept that CRoaring relies on without looking. InvalidArgument with the offset and the fault.
absl::Status CheckBitmapFormat(absl::string_view bytes);

}  // namespace senvec
