// Private to filter*.cc.
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "index/filter/filter_node.h"

namespace senvec {

// The tree of an expression; see Filter::Parse().
absl::StatusOr<FilterNode> ParseFilter(absl::string_view expression);

}  // namespace senvec
