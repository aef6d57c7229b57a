#pragma once

#include <string>

namespace senvec {

// The picture and the part of it that holds values, in pixels.
inline constexpr double kWidth = 480, kHeight = 300;
inline constexpr double kLeft = 56, kRight = 14, kTop = 30, kBottom = 58;

// From values to pixels.
class Scale {
 public:
  Scale(double from, double to, double pixel_from, double pixel_to)
      : from_(from), to_(to > from ? to : from + 1), pixel_from_(pixel_from), pixel_to_(pixel_to) {}
  double operator()(double value) const {
    return pixel_from_ + (value - from_) / (to_ - from_) * (pixel_to_ - pixel_from_);
  }
  double from() const { return from_; }
  double to() const { return to_; }

 private:
  double from_, to_, pixel_from_, pixel_to_;
};

// "12.5": at most one digit after the point, for coordinates.
std::string Pixel(double value);
// A number on an axis or in a cell: as few digits as tell it from its neighbours.
std::string Label(double value);
// Opens the picture, with a title that screen readers say.
std::string OpenSvg(const std::string& title);
// <text> in a class, anchored start, middle or end.
std::string Text(double x, double y, const char* classes, const std::string& text);

}  // namespace senvec
