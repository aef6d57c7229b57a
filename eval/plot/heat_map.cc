#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "eval/plot/axes.h"
#include "eval/plot/chart.h"

namespace senvec {

namespace {

// The fullest cells of a dark page want dark letters.
const char* Classes(double share, bool best) {
  if (share <= 0.75) return "tick mid";
  return best ? "tick mid deep best" : "tick mid deep";
}

}  // namespace

std::string HeatMapSvg(const HeatMap& map) {
  double low = INFINITY, high = -INFINITY;
  for (const auto& row : map.values) {
    for (const double value : row) {
      if (!std::isfinite(value)) continue;
      low = std::min(low, value);
      high = std::max(high, value);
    }
  }
  std::string svg = OpenSvg(map.title);
  const double base = kHeight - kBottom;
  const double cell_x = (kWidth - kRight - kLeft) / static_cast<double>(std::max<size_t>(map.x.size(), 1));
  const double cell_y = (base - kTop) / static_cast<double>(std::max<size_t>(map.y.size(), 1));
  for (size_t row = 0; row < map.values.size(); ++row) {
    const double y = base - cell_y * static_cast<double>(row + 1);
    absl::StrAppend(&svg, Text(kLeft - 6, y + cell_y / 2 + 4, "tick end", Label(map.y[row])));
    for (size_t column = 0; column < map.values[row].size(); ++column) {
      const double value = map.values[row][column];
      if (!std::isfinite(value)) continue;
      const double x = kLeft + cell_x * static_cast<double>(column);
      const double share = high > low ? (value - low) / (high - low) : 1;
      absl::StrAppend(&svg, "<rect class=\"cell\" style=\"fill-opacity:", absl::StrFormat("%.2f", 0.06 + 0.64 * share), "\" x=\"", Pixel(x),
                      "\" y=\"", Pixel(y), "\" width=\"", Pixel(cell_x - 1), "\" height=\"", Pixel(cell_y - 1), "\"/>",
                      Text(x + cell_x / 2, y + cell_y / 2 + 4, Classes(share, value == high), absl::StrFormat("%.3f", value)));
    }
  }
  for (size_t column = 0; column < map.x.size(); ++column) {
    absl::StrAppend(&svg, Text(kLeft + cell_x * (static_cast<double>(column) + 0.5), base + 16, "tick mid", Label(map.x[column])));
  }
  absl::StrAppend(&svg, Text((kLeft + kWidth - kRight) / 2, base + 31, "tick mid", map.x_label), "<text class=\"tick mid\" transform=\"translate(12 ",
                  Pixel((kTop + base) / 2), ") rotate(-90)\">", EscapeXml(map.y_label), "</text></svg>\n");
  return svg;
}

std::string ChartStyle() {
  // Two colours that differ for all kinds of sight, then four more (Okabe and Ito).
  return R"css(
.chart{--s0:#0072b2;--s1:#d55e00;--s2:#009e73;--s3:#cc79a7;--s4:#a67c00;--s5:#5f6b7a;--ground:#fff;font:11px system-ui,sans-serif;color:#1c2733}
.chart text{fill:currentColor}.chart .mid{text-anchor:middle}.chart .end{text-anchor:end}
.chart .halo{paint-order:stroke;stroke:var(--ground);stroke-width:4px;stroke-linejoin:round}
.chart .head{font-weight:600;font-size:13px}.chart .best{font-weight:700}
.chart .grid{stroke:currentColor;stroke-opacity:.12}.chart .axis{stroke:currentColor;stroke-opacity:.6;fill:none}
.chart .mark{stroke:currentColor;stroke-dasharray:4 3}.chart .line{fill:none;stroke-width:2;stroke-linejoin:round}
.chart .dashed{stroke-dasharray:5 4}.chart .bar{fill-opacity:.55}.chart .cell{fill:var(--s0)}
.chart .line.s0{stroke:var(--s0)}.chart .line.s1{stroke:var(--s1)}.chart .line.s2{stroke:var(--s2)}
.chart .line.s3{stroke:var(--s3)}.chart .line.s4{stroke:var(--s4)}.chart .line.s5{stroke:var(--s5)}
.chart :is(rect,circle).s0{fill:var(--s0)}.chart :is(rect,circle).s1{fill:var(--s1)}.chart :is(rect,circle).s2{fill:var(--s2)}
.chart :is(rect,circle).s3{fill:var(--s3)}.chart :is(rect,circle).s4{fill:var(--s4)}.chart :is(rect,circle).s5{fill:var(--s5)}
@media screen and (prefers-color-scheme:dark){.chart{--s0:#56b4e9;--s1:#f0914a;--s2:#3ec9a0;--s3:#e0a0c4;--s4:#e0b840;--s5:#a9b4c0;--ground:#14191f;color:#e4e9ee}.chart .deep{fill:#0b1015}}
)css";
}

std::string StandaloneSvg(absl::string_view svg) {
  const size_t end = svg.find('>');
  if (end == absl::string_view::npos) return std::string(svg);
  return absl::StrCat(svg.substr(0, end + 1), "<style>", ChartStyle(),
                      "svg{background:#fff}@media screen and (prefers-color-scheme:dark){svg{background:#14191f}}</style>", svg.substr(end + 1));
}

}  // namespace senvec
