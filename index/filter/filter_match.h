// Private to filter*.cc.
#pragma once

#include "base/json.h"
#include "index/filter/filter_node.h"

namespace senvec {

// Whether a document's metadata, an object, satisfies the expression.
bool NodeMatches(const FilterNode& node, const nlohmann::json& metadata);

}  // namespace senvec
