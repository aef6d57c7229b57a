#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace senvec {

// The directory of the model that commands take when --model is left out: $SENVEC_MODEL, else the one that comes with
// Senvec, share/models/senvec-zh-small of the source tree that this program was built in, or share/senvec/models beside
// the folder it is installed in. A usage error names what was looked at and says how to get a model.
absl::StatusOr<std::string> DefaultModel();

}  // namespace senvec
