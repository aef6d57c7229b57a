#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace senvec {

// Charts as static SVG: no script, colours from the style sheet ChartStyle(), which has a dark and a
// light form, so that one drawing serves screens and paper. Values that are not finite are left out.

// Points joined by a line, or bars.
struct Series {
  std::string name;
  std::vector<std::pair<double, double>> points;  // x ascending
  bool bars = false;   // bars from 0 to y, each as wide as the distance of points
  bool dots = false;   // a dot at each point
  bool dashed = false;
};

struct Chart {
  std::string title;
  std::string x_label, y_label;
  std::vector<Series> series;  // at most six differ in colour
  std::optional<double> mark;  // a vertical line at x, with `mark_label`
  std::string mark_label;
  std::optional<double> x_from, x_to, y_from, y_to;  // ends of the axes; unset = those of the data
  bool x_log = false;  // a logarithmic axis with a tick at each point of the first series; x above 0, no bars, no mark
};

std::string ChartSvg(const Chart& chart);

// A grid of cells, darker for larger values, each with its value.
struct HeatMap {
  std::string title;
  std::string x_label, y_label;
  std::vector<double> x, y;                  // ascending
  std::vector<std::vector<double>> values;   // [y][x]; NaN = empty cell
};

std::string HeatMapSvg(const HeatMap& map);

// CSS for the classes that the drawings use.
std::string ChartStyle();
// A drawing as a file of its own.
std::string StandaloneSvg(absl::string_view svg);

// Round places between `from` and `to` for an axis, about `wanted` of them.
std::vector<double> AxisTicks(double from, double to, int wanted);
// Text safe inside XML and HTML; what is no valid UTF-8 or not allowed there becomes U+FFFD.
std::string EscapeXml(absl::string_view text);

}  // namespace senvec
