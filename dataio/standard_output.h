#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace senvec {

// Writes all of `bytes` to standard output, unbuffered: what a command prints must not be mixed with stdio's. An error
// (full disk, closed descriptor) is returned; a reader that has gone ends the program by SIGPIPE as usual.
absl::Status WriteStandardOutput(absl::string_view bytes);

}  // namespace senvec
