#pragma once

#include "absl/strings/string_view.h"

namespace senvec {

// Writes a line to standard error: what a collection that is opened tells of (CollectionRuntime::notice).
void TellNotice(absl::string_view message);

}  // namespace senvec
