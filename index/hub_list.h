#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "scoring/hub_corrections.h"

namespace senvec {

// A row's nearest rows as they are kept in Table::kMeta (docs/formats.md), under kHubPrefix and the row's key.
inline constexpr char kHubPrefix[] = "hub/";

std::string SerializeHubList(absl::Span<const HubNeighbor> list);
// DataLoss for bytes that are no list: best first, ties by ascending row, cosines of unit vectors.
absl::StatusOr<std::vector<HubNeighbor>> ParseHubList(absl::string_view bytes);

}  // namespace senvec
