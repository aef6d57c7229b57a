#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/json.h"
#include "index/filter/filter_value.h"

namespace senvec {

// A document's metadata: a JSON object; empty text is {}. InvalidArgument for anything else.
absl::StatusOr<nlohmann::json> ParseMetadata(absl::string_view metadata_json);

// The value of a boolean, number or string; nullopt for null, arrays and objects.
std::optional<FilterValue> ToFilterValue(const nlohmann::json& json);

}  // namespace senvec
