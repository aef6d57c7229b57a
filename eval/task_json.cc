#include "eval/task_json.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "encoder/whitening/eigen.h"
#include "encoder/whitening/whitening.h"

namespace senvec {
namespace {

// O(n²) distances; enough for two digits.
constexpr int64_t kUniformityRows = 1000;

}  // namespace

nlohmann::json ValueOrNote(const absl::StatusOr<double>& value, const std::string& what,
                           nlohmann::json& notes) {
  if (value.ok()) return *value;
  notes.push_back(absl::StrCat(what, ": ", value.status().message()));
  return nullptr;
}

nlohmann::json ToJson(const Interval& interval) {
  return nlohmann::json::array({interval.low, interval.high});
}

nlohmann::json ScoreHistogram(absl::Span<const double> scores, absl::Span<const uint8_t> labels,
                              int bins) {
  const auto [low, high] = std::minmax_element(scores.begin(), scores.end());
  const double width = (*high - *low) / bins;
  std::vector<int64_t> counts[2] = {std::vector<int64_t>(bins), std::vector<int64_t>(bins)};
  for (size_t i = 0; i < scores.size(); ++i) {
    const int place = width > 0 ? static_cast<int>((scores[i] - *low) / width) : 0;
    ++counts[labels[i]][std::min(place, bins - 1)];
  }
  return {{"from", *low}, {"to", *high}, {"positives", counts[1]}, {"negatives", counts[0]}};
}

nlohmann::json Thinned(const std::vector<std::pair<double, double>>& points, size_t most) {
  nlohmann::json out = nlohmann::json::array();
  const size_t step = std::max<size_t>(1, (points.size() + most - 1) / most);
  for (size_t i = 0; i < points.size(); i += step) out.push_back({points[i].first, points[i].second});
  if (!points.empty() && (points.size() - 1) % step != 0) {
    out.push_back({points.back().first, points.back().second});
  }
  return out;
}

nlohmann::json GeometryJson(const RowsView& rows, RandomBits& random, nlohmann::json& notes) {
  nlohmann::json out;
  out["mean_cosine"] = ValueOrNote(MeanCosine(rows), "mean cosine", notes);
  out["uniformity"] = ValueOrNote(Uniformity(rows, kUniformityRows, random), "uniformity", notes);
  WhiteningStatistics statistics(static_cast<int32_t>(rows.dim));
  absl::StatusOr<EffectiveDimension> dimension = absl::InvalidArgumentError("too few vectors");
  if (rows.size() >= 2 && statistics.Add(rows.values).ok()) {
    const auto eigen = DecomposeSymmetric(statistics.Covariance(1), statistics.dim());
    dimension = eigen.ok() ? MeasureDimension(eigen->values) : eigen.status();
  }
  if (!dimension.ok()) {
    notes.push_back(absl::StrCat("effective dimension: ", dimension.status().message()));
    return out;
  }
  out["effective_dimension"] = dimension->participation;
  out["entropy_dimension"] = dimension->entropy;
  out["isotropy"] = dimension->isotropy;
  return out;
}

std::string Shortened(const std::string& text, size_t most_characters) {
  size_t characters = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool starts = (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
    if (starts && characters++ == most_characters) return text.substr(0, i) + "…";
  }
  return text;
}

}  // namespace senvec
