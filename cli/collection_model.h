#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "cli/model_flags.h"
#include "index/collection.h"

namespace senvec {

// The model that the collection at `index` was built with, from where it was then or from where the flags say. NotFound
// when it is not there any more; FailedPrecondition for another model, whitening or pooling, with the remedy.
absl::StatusOr<LoadedModel> LoadModelOf(const std::string& index, const CollectionOptions& options, const ModelFlags& flags);

}  // namespace senvec
