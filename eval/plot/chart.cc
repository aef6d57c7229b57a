#include "eval/plot/chart.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "eval/plot/axes.h"

namespace senvec {
namespace {

struct Extent {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void Add(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  // The ends asked for, else those of the data, else 0 and 1.
  Extent Within(std::optional<double> from, std::optional<double> to) const {
    Extent out = *this;
    if (!(low <= high)) out.low = 0, out.high = 1;
    if (from) out.low = *from;
    if (to) out.high = *to;
    const double least = 1e-6 * std::max({1.0, std::abs(out.low), std::abs(out.high)});
    if (!(out.high - out.low > least)) {
      const double middle = out.low / 2 + out.high / 2;
      out.low = from ? *from : middle - 1e3 * least;
      out.high = out.low + 2e3 * least;
    }
    return out;
  }
};

bool Drawn(const std::pair<double, double>& p) { return std::isfinite(p.first) && std::isfinite(p.second); }

double BarWidth(const Series& series) {
  if (series.points.size() < 2) return 1;
  return series.points[1].first - series.points[0].first;
}

class Drawing {
 public:
  explicit Drawing(const Chart& chart) : chart_(chart), x_(XScale(chart)), y_(YScale(chart)) {}

  std::string Run() {
    svg_ = OpenSvg(chart_.title);
    DrawAxes();
    for (size_t i = 0; i < chart_.series.size(); ++i) {
      const Series& series = chart_.series[i];
      series.bars ? DrawBars(series, i) : DrawLine(series, i);
    }
    DrawMark();
    DrawLegend();
    return svg_ + "</svg>\n";
  }

 private:
  static Scale XScale(const Chart& chart) {
    Extent extent;
    for (const Series& series : chart.series) {
      for (const auto& p : series.points) {
        extent.Add(chart.x_log ? std::log10(p.first) : p.first);
        if (series.bars) extent.Add(p.first + BarWidth(series));
      }
    }
    extent = extent.Within(chart.x_from, chart.x_to);
    return Scale(extent.low, extent.high, kLeft, kWidth - kRight);
  }

  static Scale YScale(const Chart& chart) {
    Extent extent;
    for (const Series& series : chart.series) {
      if (series.bars) extent.Add(0);
      for (const auto& p : series.points) extent.Add(p.second);
    }
    extent = extent.Within(chart.y_from, chart.y_to);
    // A little air, so that lines do not lie on the frame.
    const double air = 0.05 * (extent.high - extent.low);
    const double low = chart.y_from || extent.low == 0 ? extent.low : extent.low - air;
    const double high = chart.y_to ? extent.high : extent.high + air;
    return Scale(low, high, kHeight - kBottom, kTop);
  }

  double X(double x) const { return x_(chart_.x_log ? std::log10(x) : x); }

  std::vector<double> XTicks() const {
    if (!chart_.x_log) return AxisTicks(x_.from(), x_.to(), 6);
    std::vector<double> ticks;
    for (const auto& p : chart_.series.empty() ? std::vector<std::pair<double, double>>() : chart_.series[0].points) ticks.push_back(p.first);
    return ticks;
  }

  void DrawAxes() {
    for (const double tick : AxisTicks(y_.from(), y_.to(), 5)) {
      absl::StrAppend(&svg_, "<line class=\"grid\" x1=\"", Pixel(kLeft), "\" x2=\"", Pixel(kWidth - kRight), "\" y1=\"",
                      Pixel(y_(tick)), "\" y2=\"", Pixel(y_(tick)), "\"/>", Text(kLeft - 6, y_(tick) + 4, "tick end", Label(tick)));
    }
    const double base = kHeight - kBottom;
    for (const double tick : XTicks()) {
      absl::StrAppend(&svg_, "<line class=\"axis\" x1=\"", Pixel(X(tick)), "\" x2=\"", Pixel(X(tick)), "\" y1=\"", Pixel(base),
                      "\" y2=\"", Pixel(base + 4), "\"/>", Text(X(tick), base + 16, "tick mid", Label(tick)));
    }
    absl::StrAppend(&svg_, "<path class=\"axis\" d=\"M", Pixel(kLeft), " ", Pixel(kTop), "V", Pixel(base), "H", Pixel(kWidth - kRight),
                    "\"/>", Text((kLeft + kWidth - kRight) / 2, base + 31, "tick mid", chart_.x_label), "<text class=\"tick mid\" transform=\"translate(12 ",
                    Pixel((kTop + base) / 2), ") rotate(-90)\">", EscapeXml(chart_.y_label), "</text>");
  }

  void DrawBars(const Series& series, size_t number) {
    const double width = x_(x_.from() + BarWidth(series)) - x_(x_.from());
    for (const auto& p : series.points) {
      if (!Drawn(p) || p.second == 0) continue;
      const double top = y_(p.second);
      absl::StrAppend(&svg_, "<rect class=\"bar s", number, "\" x=\"", Pixel(x_(p.first)), "\" y=\"", Pixel(top), "\" width=\"",
                      Pixel(std::max(width, 1.0)), "\" height=\"", Pixel(std::max(y_(0) - top, 0.0)), "\"/>");
    }
  }

  void DrawLine(const Series& series, size_t number) {
    std::string path;
    bool pen_down = false;
    for (const auto& p : series.points) {
      if (Drawn(p)) absl::StrAppend(&path, pen_down ? "L" : "M", Pixel(X(p.first)), " ", Pixel(y_(p.second)));
      pen_down = Drawn(p);
    }
    absl::StrAppend(&svg_, "<path class=\"line s", number, series.dashed ? " dashed" : "", "\" d=\"", path, "\"/>");
    for (const auto& p : series.points) {
      if (!series.dots || !Drawn(p)) continue;
      absl::StrAppend(&svg_, "<circle class=\"dot s", number, "\" cx=\"", Pixel(X(p.first)), "\" cy=\"", Pixel(y_(p.second)), "\" r=\"3\"/>");
    }
  }

  void DrawMark() {
    if (!chart_.mark || *chart_.mark < x_.from() || *chart_.mark > x_.to()) return;
    const double x = x_(*chart_.mark);
    const bool left = x > (kLeft + kWidth) / 2;
    absl::StrAppend(&svg_, "<line class=\"mark\" x1=\"", Pixel(x), "\" x2=\"", Pixel(x), "\" y1=\"", Pixel(kTop), "\" y2=\"",
                    Pixel(kHeight - kBottom), "\"/>", Text(x + (left ? -4 : 4), kTop + 10, left ? "tick end halo" : "tick halo", chart_.mark_label));
  }

  void DrawLegend() {
    double x = kLeft;
    for (size_t i = 0; i < chart_.series.size() && chart_.series.size() > 1; ++i) {
      absl::StrAppend(&svg_, "<rect class=\"key s", i, "\" x=\"", Pixel(x), "\" y=\"", Pixel(kHeight - 14), "\" width=\"10\" height=\"10\"/>",
                      Text(x + 14, kHeight - 5, "tick", chart_.series[i].name));
      // Characters are about so wide; a legend need not be exact.
      double width = 0;
      for (const char c : chart_.series[i].name) width += (static_cast<unsigned char>(c) & 0xC0) == 0x80 ? 0 : 6.2;
      x += 30 + width;
    }
  }

  const Chart& chart_;
  const Scale x_, y_;
  std::string svg_;
};

}  // namespace

std::string ChartSvg(const Chart& chart) { return Drawing(chart).Run(); }

}  // namespace senvec
