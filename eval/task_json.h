#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "base/json.h"
#include "eval/measures/geometry.h"
#include "eval/measures/resampling.h"

namespace senvec {

// The value, or null with a note that says why there is none.
nlohmann::json ValueOrNote(const absl::StatusOr<double>& value, const std::string& what,
                           nlohmann::json& notes);

nlohmann::json ToJson(const Interval& interval);  // [low, high]

// {"from", "to", "positives": [counts], "negatives": [counts]} in equal bins over the scores' range.
nlohmann::json ScoreHistogram(absl::Span<const double> scores, absl::Span<const uint8_t> labels,
                              int bins);

// Every so many of the points, the first and the last kept: [[x, y], …].
nlohmann::json Thinned(const std::vector<std::pair<double, double>>& points, size_t most);

// Of vectors of length 1: mean cosine, uniformity, effective dimension, isotropy.
nlohmann::json GeometryJson(const RowsView& rows, RandomBits& random, nlohmann::json& notes);

// The text, cut to a length that a reader takes in.
std::string Shortened(const std::string& text, size_t most_characters = 300);

}  // namespace senvec
