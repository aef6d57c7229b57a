#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "index/kv_store.h"
#include "index/view.h"

namespace senvec {

// The live rows of a view that a filter expression matches: by the inverted lists, and where these say only "perhaps",
// by the documents themselves.
absl::StatusOr<std::shared_ptr<const FilterRows>> EvaluateFilter(const std::string& expression, const View& view,
                                                                 const KvStore& store);

}  // namespace senvec
