#include "eval/plot/axes.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "eval/plot/chart.h"

namespace senvec {

std::string Pixel(double value) {
  std::string text = absl::StrFormat("%.1f", value);
  if (text.size() > 2 && text.substr(text.size() - 2) == ".0") text.resize(text.size() - 2);
  return text;
}

std::string Label(double value) {
  if (std::abs(value) < 1e-12) return "0";
  return absl::StrFormat("%.4g", value);
}

std::string OpenSvg(const std::string& title) {
  const std::string name = EscapeXml(title);
  return absl::StrCat("<svg class=\"chart\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ", kWidth, " ", kHeight,
                      "\" role=\"img\" aria-label=\"", name, "\"><title>", name, "</title>",
                      Text(kWidth / 2, 18, "head mid", title));
}

std::string Text(double x, double y, const char* classes, const std::string& text) {
  return absl::StrCat("<text class=\"", classes, "\" x=\"", Pixel(x), "\" y=\"", Pixel(y), "\">", EscapeXml(text), "</text>");
}

std::vector<double> AxisTicks(double from, double to, int wanted) {
  std::vector<double> ticks;
  if (!(to > from) || !std::isfinite(to - from) || wanted < 1) return {from};
  // Ends that a double hardly tells apart have no ticks between them.
  if (to - from <= 1e-9 * std::max(std::abs(from), std::abs(to))) return {from};
  const double rough = (to - from) / wanted;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double factor : {1.0, 2.0, 2.5, 5.0}) {
    if (factor * power >= rough * 0.999) {
      step = factor * power;
      break;
    }
  }
  const double slack = step * 1e-6;
  for (double i = std::ceil((from - slack) / step); i * step <= to + slack; ++i) ticks.push_back(i * step);
  return ticks;
}

}  // namespace senvec
